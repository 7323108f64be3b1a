"""Small invented files of every source, in the layout of the real ones: what fuzzing starts from.

A new source adds its files here; `tests/fuzz` fails for one that has none.
"""

# ruff: noqa: E501 - lines of files are as long as they are
from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sportsplat.sources.simulate import FIRST_SEASON, payloads
from tests.scoreboards import event, market, offer, price, scoreboard


class Seed(NamedTuple):
    """A file of a source. `rows_per_match`: how many of its rows are one match.

    `lines`: whether each line of its text is a row. A workbook is given as the CSV of its only sheet.
    """

    name: str
    data: bytes
    rows_per_match: int = 1
    lines: bool = True
    workbook: bool = False


FOOTBALL = """\
Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,Referee,HS,AS,HST,AST,HC,AC,B365H,B365D,B365A,PSH,PSD,PSA,\
B365>2.5,B365<2.5,AHh,B365AHH,B365AHA,B365CH,B365CD,B365CA,AHCh,B365CAHH,B365CAHA
E0,13/08/2021,20:00,Acton,Barnes,2,0,H,1,0,H,M Oliver,8,22,3,4,2,5,4,3.4,1.95,4.12,3.5,1.98,2.1,1.8,0.5,2.02,1.91,3.8,3.3,2,0.5,1.99,1.94
E0,14/08/2021,12:30,Clapham,Deptford,5,1,H,1,0,H,P Tierney,16,10,8,3,5,4,1.53,4.5,5.75,1.56,4.6,6.1,1.57,2.35,-1,1.93,2,1.57,4.33,5.5,-1,1.9,2.03
E0,14/08/2021,15:00,Ealing,Fulham,1,2,A,1,0,H,D Coote,14,14,6,8,7,6,3.1,3.1,2.45,3.2,3.2,2.48,2.5,1.53,0.25,1.9,2.03,3.25,3.1,2.37,0.25,1.95,1.98
E0,15/08/2021,16:30,Acton,Clapham,0,0,D,0,0,D,A Taylor,13,18,3,4,3,11,5.5,3.75,1.66,5.4,3.9,1.7,2,1.84,0.75,2,1.93,5.25,3.6,1.72,0.75,,
E0,21/08/2021,15:00,Barnes,Deptford,,,,,,,,,,,,,,1.9,3.5,4.2,1.93,3.6,4.3,2.05,1.85,-0.5,1.94,1.99,,,,,,
,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,
"""
FOOTBALL_OLD = """\
Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,Referee,HS,AS,GBH,GBD,GBA,BbAv>2.5,BbAv<2.5,BbAHh,BbAvAHH,BbAvAHA,,
E0,14/08/04,Málaga,Barnes,2,1,H,1,0,N\xa0Barry,12,7,1.9,3.2,4,1.8,2,-0.5/-1,1.95,1.9,,
E0,21/08/04,Clapham,Deptford,0,3,A,0,1,R Styles,4,11,2.5,3.1,2.6,2.1,1.7,0,1.85,2,,,,,
E0,28/08/04,Barnes,Clapham,1,1,D,1,1,"Poll, G",9,9,2.1
"""
NFL = """\
game_id,season,game_type,week,gameday,weekday,gametime,away_team,away_score,home_team,home_score,location,result,total,\
overtime,away_rest,home_rest,away_moneyline,home_moneyline,spread_line,away_spread_odds,home_spread_odds,total_line,\
under_odds,over_odds,div_game,roof,surface,temp,wind,away_qb_name,home_qb_name,away_coach,home_coach,stadium
2020_01_HOU_KC,2020,REG,1,2020-09-10,Thursday,20:20,HOU,20,KC,34,Home,14,54,0,7,7,400,-530,9.5,-105,-105,53.5,-105,-105,0,outdoors,astroturf,56,7,D Watson,P Mahomes,B O'Brien,A Reid,Arrowhead
2020_01_SEA_ATL,2020,REG,1,2020-09-13,Sunday,13:00,SEA,38,ATL,25,Home,-13,63,0,7,7,-125,105,-1,-110,100,49,-105,-105,0,closed,fieldturf,NA,NA,R Wilson,M Ryan,P Carroll,D Quinn,"Mercedes-Benz Stadium, Atlanta"
2020_21_KC_TB,2020,SB,21,2021-02-07,Sunday,18:30,KC,9,TB,31,Neutral,22,40,0,14,14,-160,140,-3,-105,-105,55,-110,100,0,outdoors,grass,63,8,P Mahomes,T Brady,A Reid,B Arians,Raymond James
1999_01_MIN_ATL,1999,REG,1,1999-09-12,Sunday,,MIN,17,ATL,14,Home,-3,31,0,7,7,NA,NA,-4,NA,NA,49,NA,NA,0,dome,astroturf,NA,NA,R Cunningham,C Chandler,D Green,D Reeves,Georgia Dome
2021_01_DAL_TB,2021,REG,1,2021-09-09,Thursday,20:20,DAL,,TB,,Home,,,,7,7,290,-350,8,-110,-110,51.5,-110,-110,0,,,,,,,,,
"""
NBA_PAIRS = """\
gameorder,game_id,lg_id,_iscopy,year_id,date_game,seasongame,is_playoffs,team_id,fran_id,pts,elo_i,elo_n,win_equiv,\
opp_id,opp_fran,opp_pts,opp_elo_i,opp_elo_n,game_location,game_result,forecast,notes
1,194611010TRH,NBA,0,1947,11/1/1946,1,0,TRH,Huskies,66,1300,1293.28,40.29,NYK,Knicks,68,1300,1306.72,H,L,0.64006501,
1,194611010TRH,NBA,1,1947,11/1/1946,1,0,NYK,Knicks,68,1300,1306.72,41.71,TRH,Huskies,66,1300,1293.28,A,W,0.35993499,
2,201503060LAL,NBA,0,2015,3/6/2015,60,0,LAL,Lakers,90,1300,1293.28,20.1,DAL,Mavericks,100,1500,1506.5,N,L,0.25,at London
2,201503060LAL,NBA,1,2015,3/6/2015,62,0,DAL,Mavericks,100,1500,1506.5,51.2,LAL,Lakers,90,1300,1293.28,N,W,0.75,at London
3,201506160CLE,NBA,0,2015,6/16/2015,102,1,GSW,Warriors,105,1813,1822,68,CLE,Cavaliers,97,1700,1692,A,W,0.48,
3,201506160CLE,NBA,1,2015,6/16/2015,102,1,CLE,Cavaliers,97,1700,1692,60,GSW,Warriors,105,1813,1822,H,L,0.52,
"""
NBA_ELO = """\
date,season,neutral,playoff,team1,team2,elo1_pre,elo2_pre,elo_prob1,elo_prob2,elo1_post,elo2_post,carm-elo1_pre,\
carm-elo2_pre,carm-elo_prob1,carm-elo_prob2,raptor1_pre,raptor2_pre,raptor_prob1,raptor_prob2,score1,score2
2019-10-22,2020,0,,TOR,NOP,1600.5,1480.1,0.78,0.22,1603,1477,1620,1500,0.75,0.25,1580,1490,0.7,0.3,130,122
2019-10-22,2020,0,,LAC,LAL,1550,1500,0.7,0.3,1555,1495,NA,NA,NA,NA,1600,1620,0.61,0.39,112,102
2020-08-13,2020,1,t,DEN,TOR,1540,1640,0.36,0.64,1535,1645,,,,,1530,1650,0.33,0.67,109,117
2020-04-15,2020,0,,GSW,MIL,1400,1700,0.24,0.76,,,,,,,1380,1720,0.2,0.8,,
"""

NBA_LOG_COLUMNS = (
    "SEASON_ID,TEAM_ID,TEAM_ABBREVIATION,TEAM_NAME,GAME_ID,GAME_DATE,MATCHUP,WL,MIN,FGM,FGA,FG_PCT,FG3M,FG3A,FG3_PCT,FTM,FTA,"
    "FT_PCT,OREB,DREB,REB,AST,STL,BLK,TOV,PF,PTS,PLUS_MINUS,VIDEO_AVAILABLE"
)
NBA_LOG = f"""\
{NBA_LOG_COLUMNS}
22018,1610612737,ATL,Atlanta Hawks,0021800008,2018-10-17,ATL @ NYK,L,240,40,88,0.455,5,20,0.25,20,25,0.8,10,30,40,22,7,4,15,20,105,-5,1
22018,1610612752,NYK,New York Knicks,0021800008,2018-10-17,NYK vs. ATL,W,240,42,90,0.467,6,22,0.273,20,24,0.833,12,31,43,25,8,5,14,21,110,5,1
22018,1610612738,BOS,Boston Celtics,0021800016,2018-10-19,BOS @ TOR,L,265,41,90,0.456,9,30,0.3,10,14,0.714,8,33,41,24,6,3,12,22,101,-12,1
22018,1610612761,TOR,Toronto Raptors,0021800016,2018-10-19,TOR vs. BOS,W,265,43,91,0.473,12,33,0.364,15,17,0.882,9,36,45,26,9,6,11,18,113,12,1
"""
NBA_LOG_OLD = f"""\
{NBA_LOG_COLUMNS}
21983,1610612738,BOS,Boston Celtics,0028300006,1983-10-28,BOS @ DET,L,240,40,86,0.465,1,,,40,44,0.909,,,47.0,23.0,,,,38.0,121,-6,0
21983,1610612765,DET,Detroit Pistons,0028300006,1983-10-28,DET vs. BOS,W,240,42,100,0.42,0,,,43,51,0.843,,,44.0,26.0,,,,38.0,127,6,0
21983,1610612760,SEA,Seattle SuperSonics,0028300004,1983-10-28,SEA vs. GOS,L,240,39,74,0.527,1,,,30,43,0.698,,,31.0,27.0,,,,34.0,109,-1,0
21983,1610612744,GOS,Golden State Warriors,0028300004,1983-10-28,GOS vs. SEA,W,240,40,80,0.5,0,,,30,41,0.732,,,35.0,20.0,,,,33.0,110,1,0
""".replace("GOS vs. SEA", "GOS @ SEA")
NBA_GAMES = """\
GAME_DATE_EST,GAME_ID,GAME_STATUS_TEXT,HOME_TEAM_ID,VISITOR_TEAM_ID,SEASON,TEAM_ID_home,PTS_home,FG_PCT_home,FT_PCT_home,\
FG3_PCT_home,AST_home,REB_home,TEAM_ID_away,PTS_away,FG_PCT_away,FT_PCT_away,FG3_PCT_away,AST_away,REB_away,HOME_TEAM_WINS
2021-07-20,42000406,Final,1610612749,1610612756,2020,1610612749,105.0,0.451,0.862,0.222,20.0,53.0,1610612756,98.0,0.442,0.842,0.24,14.0,37.0,1
2021-01-17,22000405,Final,1610612756,1610612738,2020,1610612756,119.0,0.552,0.909,0.684,23.0,35.0,1610612738,123.0,0.575,0.529,0.5,26.0,37.0,0
2020-12-23,22000012,Final,1610612752,1610612737,2020,1610612752,101.0,0.4,0.8,0.3,21.0,40.0,1610612737,99.0,0.41,0.75,0.31,20.0,41.0,1

"""
NBA_TEAM_STATS = """\
,Team,Game,Date,Home,Opponent,WINorLOSS,TeamPoints,OpponentPoints,FieldGoals,FieldGoalsAttempted,FieldGoals.,X3PointShots,\
X3PointShotsAttempted,X3PointShots.,FreeThrows,FreeThrowsAttempted,FreeThrows.,OffRebounds,TotalRebounds,Assists,Steals,\
Blocks,Turnovers,TotalFouls,Opp.FieldGoals,Opp.FieldGoalsAttempted,Opp.FieldGoals.,Opp.3PointShots,\
Opp.3PointShotsAttempted,Opp.3PointShots.,Opp.FreeThrows,Opp.FreeThrowsAttempted,Opp.FreeThrows.,Opp.OffRebounds,\
Opp.TotalRebounds,Opp.Assists,Opp.Steals,Opp.Blocks,Opp.Turnovers,Opp.TotalFouls
1,ATL,1,2014/10/29,Away,TOR,L,102,109,40,80,0.5,13,22,0.591,9,17,0.529,10,42,26,6,8,17,24,37,90,0.411,8,26,0.308,27,33,0.818,16,48,26,13,9,9,22
2,ATL,2,2014/11/1,Home,IND,W,102,92,35,69,0.507,7,20,0.35,25,33,0.758,3,37,26,10,6,12,20,31,81,0.383,12,32,0.375,18,21,0.857,11,44,25,5,5,18,26
83,TOR,1,2014/10/29,Home,ATL,W,109,102,37,90,0.411,8,26,0.308,27,33,0.818,16,48,26,13,9,9,22,40,80,0.5,13,22,0.591,9,17,0.529,10,42,26,6,8,17,24
84,IND,3,2014/11/1,Away,ATL,L,92,102,31,81,0.383,12,32,0.375,18,21,0.857,11,44,25,5,5,18,26,35,69,0.507,7,20,0.35,25,33,0.758,3,37,26,10,6,12,20
"""
NBA_BETTING = """\
season,date,regular,playoffs,away,home,score_away,score_home,q1_away,q2_away,q3_away,q4_away,ot_away,q1_home,q2_home,\
q3_home,q4_home,ot_home,whos_favored,spread,total,moneyline_away,moneyline_home,h2_spread,h2_total,id_spread,id_total
2008,2007-10-30,True,False,por,sa,97,106,26,23,28,20,0,29,30,22,25,0,home,13.0,189.5,900,-1400,5,95.0,0,1
2008,2007-11-02,True,False,utah,gs,117,110,28,34,24,24,7,30,25,31,24,0,home,1.0,212,100,-120,3,105.5,0,1
2008,2008-06-08,False,True,bos,lal,95,93,16,27,27,25,0,25,18,19,31,0,away,5.0,199,-230,190,3,99.0,0,0
"""
NFL_ELO = """\
date,season,neutral,playoff,team1,team2,elo1,elo2,elo_prob1,score1,score2,result1
1974-09-22,1974,0,0,DEN,PIT,1503.9,1600.0,0.4246512009492516,35,35,0.5
2020-09-10,2020,0,0,KC,HOU,1703.4,1550.0,0.78,34,20,1
2021-02-07,2020,1,1,KC,TB,1710.4,1690.0,0.53,9,31,0
"""
CHECKED_MLB = """\
season,date,team1,team2,dh,prob1,prob1_outcome,prob2,prob2_outcome
2018,2018-10-28,Dodgers,Red Sox,0,0.48387711847036113,0,0.5161228815296388,1
2018,2018-08-11,Orioles,Red Sox,1,0.35,0,0.65,1
2018,2018-08-11,Orioles,Red Sox,2,0.36,0,0.64,1
2016,2016-04-03,Pirates,Cardinals,0,0.52,1,0.48,0
"""
CHECKED_NFL = """\
season,date,team1,team2,prob1,prob1_outcome,prob2,prob2_outcome
2021,2022-02-13,Bengals,Rams,0.31506042899461806,0,0.6849395710053819,1
2021,2021-11-14,Steelers,Lions,0.7,0.5,0.3,0.5
2015,2015-09-10,Patriots,Steelers,0.6,1,0.4,0
"""
SPI = """\
date,league_id,league,team1,team2,spi1,spi2,prob1,prob2,probtie,proj_score1,proj_score2,importance1,importance2,score1,score2,\
xg1,xg2,nsxg1,nsxg2,adj_score1,adj_score2
2018-08-11,2411,Barclays Premier League,Watford,Burnley,51.16,55.68,0.3963,0.288,0.3157,1.31,1.06,32.4,17.7,2,0,0.97,0.63,0.43,0.45,2.1,0.0
2019-05-12,2411,Barclays Premier League,Burnley,Watford,57.2,58.1,0.3,0.4,0.3,1.1,1.3,,,,,,,,,,
2018-09-02,1869,Spanish Primera Division,Málaga,Leganes,60.1,59.2,0.5,0.25,0.25,1.5,1,20,10,1,1,1.1,0.9,1.2,0.8,1.05,1.05
2019-01-06,1818,UEFA Champions League,Málaga,Burnley,60.1,59.2,0.5,0.25,0.25,1.5,1,20,10,1,0,1.1,0.9,1.2,0.8,1.05,1.05
"""
SBR_NBA = """\
Date,Rot,VH,Team,1st,2nd,3rd,4th,Final,Open,Close,ML,2H
1030,501,V,Portland,26,23,28,20,97,184,189.5,900,95
1030,502,H,SanAntonio,29,30,22,25,106,12.5,13,-1400,5
1102,503,V,Utah,28,34,24,31,117,214.5,212,100,105.5
1102,504,H,GoldenState,30,21,21,24,96,3,pk,-120,3
617,505,N,Boston,20,25,25,26,96,190,190,150,96
617,506,N,LALakers,24,25,26,27,102,4,4.5,-170,2
"""
SBR_MLB = """\
Date,Rot,VH,Team,Pitcher,1st,2nd,3rd,4th,5th,6th,7th,8th,9th,Final,Open,Close,Run Line,,Open OU,,Close OU,
404,931,V,NYY,CSABATHIA-L,0,2,0,3,0,0,2,0,0,7,-106,103,1.5,-150,9,-116,8.5,-105
404,932,H,BOS,JBECKETT-R,0,1,0,0,1,3,3,1,x,9,-114,-117,-1.5,130,9,-104,8.5,-115
405,951,V,PHI,RHALLADAY-R,0,0,0,5,0,2,1,0,3,11,-180,-190,-1.5,-120,8,-110,8,-110
405,952,H,WAS,JLANNAN-L,1,0,0,0,0,0,0,0,0,1,160,170,1.5,100,8,-110,8,-110
"""
HAWKS, BULLS = "Atlanta Hawks", "Chicago Bulls"
PERIODS = ((30, 28, 26, 28), (25, 25, 27, 27))


def _indented(value: Any) -> bytes:
    """Return JSON on many lines, so that what damages lines has some."""
    return json.dumps(value, indent=0).encode()


def _espn() -> bytes:
    played = event(HAWKS, BULLS, number=401, score=(112, 104), periods=PERIODS)
    return _indented(
        json.loads(scoreboard("nba", played, event(BULLS, HAWKS, "2024-01-17T01:00Z", number=402)))
    )


def _odds() -> bytes:
    def offered(home: str, away: str, **when: Any) -> dict[str, Any]:
        sides: Sequence[tuple[str, float]] = ((home, -3.5), (away, 3.5))
        return offer(
            home, away,
            market("h2h", price(home, 1.8), price(away, 2.1)),
            market("spreads", *(price(name, 1.9, point) for name, point in sides)),
            market("totals", price("Over", 1.9, 220.5), price("Under", 1.95, 220.5)),
            **when,
        )  # fmt: skip

    return _indented([offered(HAWKS, BULLS), offered(BULLS, HAWKS, start="2024-01-17T01:00:00Z", number=2)])


def _simulated() -> bytes:
    """Return a season that is half played, cut to a few rows of either half."""
    (payload,) = payloads(seed=3, seasons=[FIRST_SEASON], now=datetime(FIRST_SEASON, 6, 1, tzinfo=UTC))
    header, *rows = payload.data.splitlines(keepends=True)
    middle = next(number for number, row in enumerate(rows) if b",,,,,," in row)
    return b"".join([header, *rows[middle - 6 : middle + 6]])


SEEDS: dict[str, tuple[Seed, ...]] = {
    "football-data": (
        Seed("2122/E0.csv", FOOTBALL.encode()),
        Seed("0405/E0.csv", FOOTBALL_OLD.replace("\n", "\r\n").encode("cp1252")),
    ),
    "nflverse": (Seed("games.csv", NFL.encode()),),
    "fivethirtyeight-nba": (
        Seed("nbaallelo.csv", NBA_PAIRS.encode(), rows_per_match=2),
        Seed("nba_elo.csv", NBA_ELO.encode()),
    ),
    "nba-stats": (
        Seed("log-2019.csv", NBA_LOG.encode(), rows_per_match=2),
        Seed("log-1984.csv", NBA_LOG_OLD.encode(), rows_per_match=2),
    ),
    "kaggle-nba-games": (Seed("games.csv", NBA_GAMES.encode()),),
    "kaggle-nba-team-stats": (Seed("nba.games.stats.csv", NBA_TEAM_STATS.encode(), rows_per_match=2),),
    "sportsbookreview": (
        Seed("nba odds 2007-08.xlsx", SBR_NBA.encode(), rows_per_match=2, lines=False, workbook=True),
        Seed("mlb-odds-2010.xlsx", SBR_MLB.encode(), rows_per_match=2, lines=False, workbook=True),
    ),
    "kaggle-nba-betting": (Seed("nba_2008-2025.csv", NBA_BETTING.encode()),),
    "fivethirtyeight-nfl": (Seed("nfl_games.csv", NFL_ELO.encode()),),
    "fivethirtyeight-checking-our-work": (
        Seed("mlb_games.csv", CHECKED_MLB.encode()),
        Seed("nfl_games.csv", CHECKED_NFL.encode()),
    ),
    "fivethirtyeight-soccer-spi": (Seed("spi_matches.csv", SPI.encode()),),
    "espn": (Seed("scoreboard.json", _espn(), lines=False),),
    "odds-api": (Seed("http://h/v4/sports/basketball_nba/odds?regions=eu", _odds(), lines=False),),
    "simulate": (Seed("simulate/seed-3/2010.csv", _simulated()),),
}
