"""Small invented files of every source, in the layout of the real ones: what fuzzing starts from.

A new source adds its files here; `tests/fuzz` fails for one that has none.
"""

# ruff: noqa: E501 - lines of files are as long as they are
from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sportsplat.sources.simulate import payloads


class Seed(NamedTuple):
    """A file of a source. `rows_per_match`: how many of its rows are one match."""

    name: str
    data: bytes
    rows_per_match: int = 1


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


def _simulated() -> bytes:
    """Return a season that is half played, cut to a few rows of either half."""
    (payload,) = payloads(seed=3, seasons=[2020], now=datetime(2020, 6, 1, tzinfo=UTC))
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
    "simulate": (Seed("simulate/seed-3/2020.csv", _simulated()),),
}
