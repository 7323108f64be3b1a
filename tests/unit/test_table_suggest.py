"""`--suggest`: columns are recognised by their names, which their values must bear out; nothing is guessed.

Each table here is invented, in a layout that people have. What was placed must read the table without a
refused row, once the questions are answered.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from sportsplat.errors import ConfigError
from sportsplat.leagues import load_leagues
from sportsplat.sources.table_blocks import open_table
from sportsplat.sources.table_looks import column_of
from sportsplat.sources.table_mapping import Mapping, parse_mapping
from sportsplat.sources.table_quotes import QuoteTable
from sportsplat.sources.table_rows import read_matches
from sportsplat.sources.table_suggest import Suggestion, suggest, suggest_for
from tests.tables import write_typed_table

LEAGUES = load_leagues()
ASKS_WHOSE = "whose prices are"
ASKS_CLOSING = "the last prices before the start?"
ASKS_ZONE = "names no time zone"
ASKS_LEAGUE = "is it that one?"


class Case(NamedTuple):
    """A table as CSV, and what must come of it.

    placed: field=column, in the order of the proposal; quotes: bookmaker market closing: its columns. asked:
    what each check says, in order. unplaced: columns, with a word of the reason where one is given.
    """

    name: str
    table: str
    placed: str
    quotes: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    unplaced: str = ""
    league: str = ""  # that is given
    found: str = "?"  # league of the proposal
    noted: str = ""


NBA = "2019-12-25,Boston Celtics,Toronto Raptors"
CASES = [
    Case(
        "prices of one row are no scores",
        f"date,home,away,odds_home,odds_away\n{NBA},2.0,1.9",
        "date=date home=home away=away",
        ("? result: odds_home odds_away",), (ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "whole prices are no scores either",
        f"date,home,away,odds_home,odds_away\n{NBA},2,2",
        "date=date home=home away=away",
        ("? result: odds_home odds_away",), (ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "scores with a half are no prices",
        f"date,home,away,home_score,away_score\n{NBA},2.5,1.5",
        "date=date home=home away=away",
        unplaced="home_score:whole away_score:whole", found="nba",
    ),
    Case(
        "scores and American odds",
        "game_date,home_team,away_team,home_score,away_score,home_ml,away_ml,attendance\n"
        f"{NBA},118,102,-150,130,18624",
        "date=game_date home=home_team away=away_team home_score=home_score away_score=away_score",
        ("? result american: home_ml away_ml",), (ASKS_WHOSE, ASKS_CLOSING), "attendance:attendance",
        found="nba",
    ),
    Case(
        "American odds above 100 alone are prices where the name says so",
        f"date,home,away,home_moneyline,away_moneyline\n{NBA},100,110",
        "date=date home=home away=away",
        ("? result american: home_moneyline away_moneyline",), (ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "whole numbers under the name of a side alone are nothing that is known",
        f"date,home_team,away_team,home,away\n{NBA},118,102",
        "date=date home=home_team away=away_team",
        unplaced="home:side away:side", found="nba",
    ),
    Case(
        "the codes of football-data, and what is told twice",
        "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HS,AS,B365H,B365D,B365A,PSCH,PSCD,PSCA,"
        "B365>2.5,B365<2.5,AHh,B365AHH,B365AHA\n"
        "E0,14/08/2021,15:00,Acton,Barnes,2,1,H,1,0,9,7,1.9,3.4,4.2,1.95,3.3,4.1,1.8,2.0,-0.5,1.95,1.9\n",
        "date=Date[%d/%m/%Y] time=Time home=HomeTeam away=AwayTeam home_score=FTHG away_score=FTAG",
        (
            "bet365 result open: B365H B365D B365A",
            "pinnacle result closing: PSCH PSCD PSCA",
            "bet365 total 2.5 open: B365>2.5 B365<2.5",
            "bet365 spread AHh open: B365AHH B365AHA",
        ),
        (ASKS_ZONE, "AHh must be what is added to the home score"),
        "Div:league FTR:scores HTHG:part HTAG:part HS AS",
    ),
    Case(
        "German, with semicolons and points",
        "Datum;Anstoß;Heimmannschaft;Gastmannschaft;Heimtore;Gasttore;Quote_1;Quote_X;Quote_2;Zuschauer\n"
        "14.08.2021;15:30;Adorf;Bedorf;3;1;1.55;4.80;5.50;75000\n",
        "date=Datum[%d.%m.%Y] home=Heimmannschaft away=Gastmannschaft home_score=Heimtore"
        " away_score=Gasttore",
        ("? result: Quote_1 Quote_X Quote_2",), (ASKS_WHOSE, ASKS_CLOSING), "Anstoß Zuschauer:attendance",
    ),
    Case(
        "German, with decimal commas, which are not read",
        "Datum;Heim;Gast;Tore Heim;Tore Gast;Quote Heim;Quote Unentschieden;Quote Gast\n"
        "14.08.2021;Adorf;Bedorf;3;1;1,55;4,80;5,50\n",
        "date=Datum[%d.%m.%Y] home=Heim away=Gast home_score=Tore_Heim away_score=Tore_Gast",
        unplaced="Quote_Heim:comma Quote_Unentschieden:comma Quote_Gast:comma",
    ),
    Case(
        "German, away first and in words of its own",
        "Tag,Auswärtsteam,Heimteam,auswärtstore,heimtore\n14.08.2021,Bedorf,Adorf,0,2\n",
        "date=Tag[%d.%m.%Y] home=Heimteam away=Auswärtsteam home_score=heimtore away_score=auswärtstore",
    ),
    Case(
        "Spanish",
        "fecha,equipo_local,equipo_visitante,goles_local,goles_visitante,cuota_local,cuota_empate,"
        "cuota_visitante\n14/08/2021,Alba,Brea,3,1,1.55,4.80,5.50\n",
        "date=fecha[%d/%m/%Y] home=equipo_local away=equipo_visitante home_score=goles_local"
        " away_score=goles_visitante",
        ("? result: cuota_local cuota_empate cuota_visitante",), (ASKS_WHOSE, ASKS_CLOSING),
    ),
    Case(
        "1, X, 2 as names",
        "date,home,away,1,X,2\n2021-08-14,Acton,Barnes,2.1,3.4,3.3\n",
        "date=date home=home away=away",
        ("? result: 1 X 2",), ("taken for prices by their values", ASKS_WHOSE, ASKS_CLOSING),
    ),
    Case(
        "o1, ox, o2 and numbered teams",
        "date,team1,team2,score1,score2,o1,ox,o2\n2021-08-14,Acton,Barnes,2,1,2.1,3.4,3.3\n",
        "date=date home=team1 away=team2 home_score=score1 away_score=score2",
        ("? result: o1 ox o2",), ("team1 is taken for the home side", ASKS_WHOSE, ASKS_CLOSING),
    ),
    Case(
        "numbered prices without a draw",
        f"date,home,away,odds1,odds2\n{NBA},1.8,2.1",
        "date=date home=home away=away",
        ("? result: odds1 odds2",), ("1 is taken for home", ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "camel case, totals with a line",
        "gameDate,homeTeam,awayTeam,homeMoneyLine,awayMoneyLine,overUnder,overOdds,underOdds\n"
        f"{NBA},-150,130,210.5,-110,-110",
        "date=gameDate home=homeTeam away=awayTeam",
        (
            "? result american: homeMoneyLine awayMoneyLine",
            "? total overUnder american: overOdds underOdds",
        ),
        (ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "a total of what was scored is no line",
        "date,home,away,home_score,away_score,total,total_line,over_odds,under_odds\n"
        f"{NBA},118,102,220,215.5,-110,-110",
        "date=date home=home away=away home_score=home_score away_score=away_score",
        ("? total total_line american: over_odds under_odds",), (ASKS_WHOSE, ASKS_CLOSING), "total",
        found="nba",
    ),
    Case(
        "a total without prices, a spread without a sign",
        f"date,home,away,spread,total,home_spread_odds,away_spread_odds\n{NBA},5.5,210.5,-110,-110",
        "date=date home=home away=away",
        unplaced="spread total home_spread_odds:line away_spread_odds:line", found="nba",
    ),
    Case(
        "single letters",
        "date,h,a,h_pts,a_pts,h_ml,a_ml\n12/25/2019,Celtics,Raptors,118,102,-150,130\n",
        "date=date[%m/%d/%Y] home=h away=a home_score=h_pts away_score=a_pts",
        ("? result american: h_ml a_ml",), (ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "ratings and chances, seasons by their end, rounds by a letter",
        "date,season,neutral,playoff,team1,team2,elo1_pre,elo2_pre,elo_prob1,elo_prob2,score1,score2\n"
        "2019-10-22,2020,0,f,Toronto Raptors,Boston Celtics,1600,1450,0.7,0.3,130,122\n",
        "date=date home=team1 away=team2 neutral=neutral home_score=score1 away_score=score2",
        asked=("team1 is taken for the home side",),
        unplaced="season:starts playoff:regular elo1_pre:rating elo2_pre:rating elo_prob1:probability"
        " elo_prob2:probability",
        found="nba",
    ),
    Case(
        "a name that stands twice, right of the teams",
        "Date,Visitor/Neutral,PTS,Home/Neutral,PTS,Attend.,Notes\n"
        '"Tue, Oct 25, 2016",New York Knicks,88,Cleveland Cavaliers,117,20562,\n',
        "date=Date[%a,_%b_%d,_%Y] home=Home/Neutral away=Visitor/Neutral home_score=PTS_(5) away_score=PTS",
        asked=("stands after its team",), unplaced="Attend.:attendance Notes", found="nba",
    ),
    Case(
        "nothing is played yet",
        "Date,Home,Away,HG,AG,home_odds,away_odds\n2021-08-14,Acton,Barnes,,,,\n2021-08-15,Cope,Dent,,,,\n",
        "date=Date home=Home away=Away home_score=HG away_score=AG",
        unplaced="home_odds:nothing away_odds:nothing",
    ),
    Case(
        "some are played, and NA stands for what is not",
        f"date,home,away,home_score,away_score\n{NBA},118,102\n2019-12-26,Denver Nuggets,Chicago Bulls,NA,NA",
        "date=date home=home away=away home_score=home_score away_score=away_score", found="nba",
    ),
    Case(
        "expected goals, ratings, attendance are no scores",
        "date,home_team,away_team,home_xg,away_xg,homeElo,awayElo,home_attendance,home_id,away_id\n"
        "2021-08-14,Acton,Barnes,2,1,1700,1650,50000,3,4\n",
        "date=date home=home_team away=away_team",
        unplaced="home_xg:expected away_xg:expected homeElo:rating awayElo:rating home_attendance:attendance"
        " home_id:id away_id:id",
    ),
    Case(
        "parts of a match are no scores",
        "date,home,away,home_score_ht,away_score_ht,home_q1,away_q1,home_penalties,away_penalties\n"
        "2021-08-14,Acton,Barnes,1,0,3,4,4,2\n",
        "date=date home=home away=away",
        unplaced="home_score_ht:part away_score_ht:part home_q1:part away_q1:part home_penalties:part"
        " away_penalties:part",
    ),
    Case(
        "two pairs of scores",
        "date,home,away,home_goals,away_goals,home_goals_full_time,away_goals_full_time\n"
        "2021-08-14,Acton,Barnes,3,2,2,2\n",
        "date=date home=home away=away home_score=home_goals_full_time away_score=away_goals_full_time",
        asked=("not home_goals and away_goals",), unplaced="home_goals away_goals",
    ),
    Case(
        "points of the standing are no scores",
        "date,home,away,home_points,away_points\n2021-08-14,Acton,Barnes,3,0\n2021-08-15,Cope,Dent,1,1\n",
        "date=date home=home away=away",
        unplaced="home_points:standing away_points:standing",
    ),
    Case(
        "prices of goals are neither",
        "date,home,away,home_goals_odds,away_goals_odds,home_score_odds\n2021-08-14,Acton,Barnes,2.0,3.0,2\n",
        "date=date home=home away=away",
        unplaced="home_goals_odds:scores away_goals_odds:scores home_score_odds:scores",
    ),
    Case(
        "chances under the name of prices",
        "date,home,away,home_prob,draw_prob,away_prob,home_odds,draw_odds,away_odds\n"
        "2021-08-14,Acton,Barnes,0.4,0.3,0.3,0.4,0.3,0.3\n",
        "date=date home=home away=away",
        unplaced="home_prob:probability draw_prob:probability away_prob:probability home_odds:no_decimal"
        " draw_odds:no_decimal away_odds:no_decimal",
    ),
    Case(
        "fractions",
        "date,home,away,home_odds,draw_odds,away_odds\n2021-08-14,Acton,Barnes,6/4,2/1,3/1\n",
        "date=date home=home away=away",
        unplaced="home_odds:fractions draw_odds:fractions away_odds:fractions",
    ),
    Case(
        "several bookmakers, one of whom nobody knows",
        "match_date,home,away,odds_home_bet365,odds_draw_bet365,odds_away_bet365,odds_home_foo,odds_draw_foo,"
        "odds_away_foo,max_home_odds,max_draw_odds,max_away_odds,WilliamHillHome,WilliamHillDraw,"
        "WilliamHillAway\n2021-08-14,Acton,Barnes,2.1,3.4,3.3,2.15,3.3,3.2,2.2,3.5,3.4,2.0,3.3,3.5\n",
        "date=match_date home=home away=away",
        (
            "bet365 result: odds_home_bet365 odds_draw_bet365 odds_away_bet365",
            "foo result: odds_home_foo odds_draw_foo odds_away_foo",
            "maximum result: max_home_odds max_draw_odds max_away_odds",
            "william-hill result: WilliamHillHome WilliamHillDraw WilliamHillAway",
        ),
        ("is foo in", ASKS_CLOSING),
    ),
    Case(
        "opening and closing, totals with the line in the name",
        "date,home_team,away_team,home_open_odds,away_open_odds,home_close_odds,away_close_odds,over_2_5,"
        f"under_2_5\n{NBA},1.8,2.0,1.85,1.95,1.9,1.9",
        "date=date home=home_team away=away_team",
        (
            "? result open: home_open_odds away_open_odds",
            "? result closing: home_close_odds away_close_odds",
            "? total 2.5: over_2_5 under_2_5",
        ),
        ("over_2_5, under_2_5 are taken for prices by their values", ASKS_WHOSE, ASKS_CLOSING), found="nba",
    ),
    Case(
        "a bookmaker a row, with the moment",
        "kickoff_utc,home,away,bookmaker,home_odds,draw_odds,away_odds,updated_at\n"
        "2021-08-14 14:00:00,Acton,Barnes,acme,2.1,3.4,3.3,2021-08-13T10:00:00Z\n",
        "kickoff=kickoff_utc{UTC} home=home away=away",
        ("bookmaker result: home_odds draw_odds away_odds",), (ASKS_CLOSING,),
    ),
    Case(
        "prices of two of three outcomes",
        "date,home,away,home_odds,away_odds\n2021-08-14,Acton,Barnes,2.6,3.9\n",
        "date=date home=home away=away",
        ("? result: home_odds away_odds",), ("sum to 0.64", ASKS_WHOSE, ASKS_CLOSING),
    ),
    Case(
        "the price of one side alone",
        "date,home,away,home_odds\n2021-08-14,Acton,Barnes,2.1\n",
        "date=date home=home away=away", unplaced="home_odds:alone",
    ),
    Case(
        "a price a row",
        "commence_time,home_team,away_team,bookmaker,market,outcome,point,price,last_update\n"
        "2019-12-25T20:00:00Z,Boston Celtics,Toronto Raptors,acme,h2h,Boston Celtics,,1.80,"
        "2019-12-25T12:00:00Z\n"
        "2019-12-25T20:00:00Z,Boston Celtics,Toronto Raptors,acme,totals,over,210.5,1.90,"
        "2019-12-25T12:00:00Z\n",
        "kickoff=commence_time home=home_team away=away_team bookmaker=bookmaker market=market"
        " outcome=outcome line=point odds=price quoted_at=last_update",
        found="nba",
    ),
    Case(
        "a price a row, of nobody, in 1 X 2",
        "date,home,away,selection,odds\n2021-08-14,Acton,Barnes,1,2.1\n2021-08-14,Acton,Barnes,X,3.4\n"
        "2021-08-14,Acton,Barnes,2,3\n",
        "date=date home=home away=away outcome=selection odds=odds", asked=("bookmaker: whose prices",),
    ),
    Case(
        "a price a row with closing and opening prices: which?",
        "date,home,away,book,side,opening_odds,closing_odds\n2021-08-14,Acton,Barnes,acme,home,2.1,2.0\n",
        "date=date home=home away=away bookmaker=book outcome=side odds=opening_odds",
        asked=("opening_odds is taken, closing_odds would do as well",), unplaced="closing_odds",
    ),
    Case(
        "a team a row",
        "Team,Game,Date,Home,Opponent,WINorLOSS,TeamPoints,OpponentPoints\n"
        "Acton,1,2014-10-29,Away,Barnes,L,102,109\n",
        "date=Date",
        unplaced="Team:side Game Home Opponent:side WINorLOSS TeamPoints:side OpponentPoints",
        noted="a team a row",
    ),
    Case(
        "ids instead of names, days of New York",
        "GAME_DATE_EST,GAME_ID,HOME_TEAM_ID,VISITOR_TEAM_ID,SEASON,PTS_home,FG_PCT_home,PTS_away\n"
        "2019-12-25,21900001,1610612738,1610612761,2019,118,0.5,102\n",
        "date=GAME_DATE_EST season=SEASON home_score=PTS_home away_score=PTS_away",
        unplaced="GAME_ID:id HOME_TEAM_ID:names VISITOR_TEAM_ID:names FG_PCT_home:share",
        noted="home: no column looks like it",
    ),
    Case(
        "two scores in one cell",
        "Date,Team 1,FT,HT,Team 2\nFri Aug 9 2019,Acton,4-1,4-0,Barnes\n",
        "date=Date[%a_%b_%d_%Y] home=Team_1 away=Team_2",
        asked=("Team 1 is taken for the home side",), unplaced="FT:two_scores HT:part",
    ),
    Case(
        "two teams in one cell",
        "date,match,result\n2021-08-14,Acton - Barnes,2:1\n",
        "date=date", unplaced="match:two_teams result:two_scores", noted="home: no column looks like it",
    ),
    Case(
        "names that say nothing: values tell, and are asked about",
        "a,b,c,d\n25/12/2019,Boston Celtics,Toronto Raptors,x\n26/12/2019,Denver Nuggets,Chicago Bulls,y\n",
        "date=a[%d/%m/%Y] home=b away=c",
        asked=("b is taken for the home side", "a is taken for the day"), unplaced="d", found="nba",
    ),
    Case(
        "no header",
        f"{NBA},118,102\n2019-12-26,Denver Nuggets,Chicago Bulls,98,102\n",
        "date=2019-12-25 home=Boston_Celtics away=Toronto_Raptors",
        asked=("is it a row?", "is taken for the home side", "is taken for the day"), unplaced="118 102",
        found="nba",
    ),
    Case(
        "a day that can be read in two ways, where the month comes first",
        "Date,Home,Away\n01/02/2019,Boston Celtics,Chicago Bulls\n",
        "date=Date[%m/%d/%Y] home=Home away=Away", asked=("can be %m/%d/%Y or %d/%m/%Y",), found="nba",
    ),
    Case(
        "a day that can be read in two ways, elsewhere",
        "Date,Home,Away\n01/02/2019,Acton,Barnes\n",
        "date=Date[%d/%m/%Y] home=Home away=Away", asked=("can be %d/%m/%Y or %m/%d/%Y",), league="epl",
        found="epl",
    ),
    Case(
        "the same day read in two ways is no question",
        "Date,Home,Away\n02/02/2019,Acton,Barnes\n",
        "date=Date[%d/%m/%Y] home=Home away=Away", league="epl", found="epl",
    ),
    Case(
        "a moment without a zone",
        "kickoff,home,away\n2019-12-25 20:00:00,Boston Celtics,Toronto Raptors\n",
        "kickoff=kickoff home=home away=away", asked=(ASKS_ZONE,), found="nba",
    ),
    Case(
        "midnight everywhere is a day",
        "date,home,away\n2019-12-25 00:00:00,Boston Celtics,Toronto Raptors\n",
        "date=date home=home away=away", found="nba",
    ),
    Case(
        "midnight of a moment may be one",
        "commence_time,home,away\n2019-12-26T00:00:00Z,Boston Celtics,Toronto Raptors\n",
        "kickoff=commence_time home=home away=away", asked=("midnight everywhere",), found="nba",
    ),
    Case(
        "a time of UTC beside a day",
        "date,time_utc,home,away\n2019-12-26,01:00,Boston Celtics,Toronto Raptors\n",
        "date=date time=time_utc{UTC} home=home away=away",
        asked=("the date must be the day at the league's place",), found="nba",
    ),
    Case(
        "double headers, stages, neutral ground",
        "date,home,away,game_num,is_neutral,game_type,home_runs,away_runs\n"
        "2019-04-01,Boston Red Sox,New York Yankees,1,false,REG,3,4\n"
        "2019-04-01,Boston Red Sox,New York Yankees,2,true,POST,5,4\n",
        "date=date home=home away=away number=game_num neutral=is_neutral stage=game_type"
        " home_score=home_runs away_score=away_runs",
        found="mlb",
    ),
    Case(
        "the game of a series is no double header",
        f"date,home,away,game_number\n{NBA},3\n",
        "date=date home=home away=away", unplaced="game_number:second", found="nba",
    ),
    Case(
        "flags of play-offs of which one kind is met",
        f"date,home,away,is_playoff\n{NBA},False\n",
        "date=date home=home away=away stage=is_playoff", found="nba",
    ),
    Case(
        "a league that is given is asked about where its teams are not met",
        f"date,home,away\n{NBA}\n",
        "date=date home=home away=away", asked=("most of home and away are no teams of nfl",), league="nfl",
        found="nfl",
    ),
    Case(
        "several leagues in one table",
        "date,league,home,away\n2021-08-14,First,Acton,Barnes\n2021-08-14,Second,Cope,Dent\n",
        "date=date home=home away=away", asked=("league tells several (First, Second",),
        unplaced="league:names",
    ),
    Case(
        "two columns of days",
        "date,match_day,home,away\n2021-08-14,2021-08-15,Acton,Barnes\n",
        "date=date home=home away=away", asked=("match_day would do as well",), unplaced="match_day:is_taken",
    ),
    Case(
        "a header and no rows",
        "date,home,away,home_score,away_score\n",
        "home_score=home_score away_score=away_score", unplaced="date home away",
        noted="date: no column looks like one",
    ),
    Case("nothing that is known", "a,b\n1,2\n", "", unplaced="a b", noted="date: no column looks like one"),
]  # fmt: skip


def suggested(path: Path, league: str = "") -> Suggestion:
    return suggest(open_table(path), LEAGUES, LEAGUES[league] if league else None)


def placed(mapping: dict[str, Any]) -> str:
    """Return the fields with their columns in one line, blanks as underscores."""
    told = []
    for field, cell in mapping.items():
        if field in ("check", "league", "rows", "quotes") or cell in ({"value": "?"}, {"value": False}):
            continue
        column = cell if isinstance(cell, str) else cell["column"]
        rest = cell if isinstance(cell, dict) else {}
        form = f"[{rest['format']}]" if rest.get("format", "").startswith("%") else ""
        zone = f"{{{rest['timezone']}}}" if "timezone" in rest else ""
        told.append(f"{field}={column}{form}{zone}".replace(" ", "_"))
    return " ".join(told)


def told(quote: dict[str, Any]) -> str:
    closing = {True: "closing", False: "open", None: ""}[quote.get("closing", {}).get("value")]
    words = [
        *quote["bookmaker"].values(), quote.get("market", "result"), *quote.get("line", {}).values(),
        quote.get("format", ""), closing,
    ]  # fmt: skip
    return f"{' '.join(str(word) for word in words if word)}: {' '.join(quote['odds'].values())}"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_table_is_proposed_as_it_must_be_read(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "x.csv"
    path.write_text(case.table, encoding="utf-8")
    found = suggested(path, case.league)
    order = sorted(case.placed.split())
    assert sorted(placed(found.mapping).split()) == order
    assert tuple(map(told, found.mapping.get("quotes", ()))) == case.quotes
    assert found.mapping["league"] == case.found
    assert len(found.checks) == len(case.asked), found.checks
    for check, asked in zip(found.checks, case.asked, strict=True):
        assert asked in check
    expected = [one.partition(":") for one in case.unplaced.split()]
    assert [one["column"].replace(" ", "_") for one in found.unplaced] == [name for name, _, _ in expected]
    for one, (_, _, why) in zip(found.unplaced, expected, strict=True):
        assert why.replace("_", " ") in one.get("why", ""), one
    assert case.noted in "\n".join(found.notes)


def finished(found: Suggestion, league: str) -> str:
    """Answer the questions of a proposal, as its user would; return the YAML."""
    mapping: dict[str, Any] = copy.deepcopy(found.mapping)
    mapping.pop("check", None)
    mapping["league"] = league
    for cells in (mapping, *mapping.get("quotes", ())):
        if cells.get("bookmaker") == {"value": "?"}:
            cells["bookmaker"] = {"value": "acme"}
    return yaml.safe_dump(mapping, sort_keys=False)


WHOLE = [
    case
    for case in CASES
    if " home=" in f" {case.placed}" and "=" in case.placed and case.name != "no header"
]


@pytest.mark.parametrize("case", WHOLE, ids=[case.name for case in WHOLE])
def test_a_proposal_reads_its_table_once_it_is_answered(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "x.csv"
    path.write_text(case.table, encoding="utf-8")
    found = suggested(path, case.league)
    league = case.found if case.found != "?" else "epl"
    mapping = parse_mapping(finished(found, league), tmp_path / "mapping.yaml").mapping
    if mapping.rows == "quotes":
        reader = QuoteTable(open_table(path), mapping, LEAGUES[league])
        list(reader.prices())
        batch = reader.batch()
    else:
        batch = read_matches(open_table(path), mapping, LEAGUES[league])
    assert batch.rejected == []
    assert batch.rows_read
    assert len(batch.matches) >= 1


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_typed_tables_are_proposed_like_csv(tmp_path: Path, kind: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2019-12-25", "2019-12-26"]),
            "season": [2019, 2019],
            "home": ["Boston Celtics", "Denver Nuggets"],
            "away": ["Toronto Raptors", "Chicago Bulls"],
            "home_score": [118.0, None],
            "away_score": [102.0, None],
            "odds_home": [1.8, 2.0],
            "odds_away": [2.1, 1.9],
            "neutral": [True, False],
        }
    )
    path = write_typed_table(tmp_path / f"x.{kind}", frame)
    found = suggested(path)
    assert placed(found.mapping) == (
        "date=date home=home away=away season=season neutral=neutral home_score=home_score"
        " away_score=away_score"
    )
    assert [told(quote) for quote in found.mapping["quotes"]] == ["? result: odds_home odds_away"]
    batch = read_matches(
        open_table(path), parse_mapping(finished(found, "nba"), path).mapping, LEAGUES["nba"]
    )
    assert batch.rejected == []
    assert [match.home_score for match in batch.matches] == [118, None]


STYLES = ("{side}_{word}", "{word}_{side}", "{side}<Word>", "{word}<Side>", "{side}{word}", "{SIDE} {WORD}")
SIDES = (("home", "away"), ("h", "a"), ("heim", "gast"), ("local", "visitante"), ("1", "2"))
PRICES = ("odds", "price", "ml", "moneyline", "cuota", "quote", "closing_odds", "odds_bet365", "dec_odds")
SCORES = ("score", "goals", "points", "pts", "tore", "goles", "final_score")
NEITHER = (
    *(
        "elo",
        "xg",
        "prob",
        "win_prob",
        "rating",
        "id",
        "attendance",
        "rank",
        "shots",
        "corners",
        "rest",
        "ht",
    ),
    *("score_ht", "goals_xg", "odds_change_pct", "score_prob", "points_rank", "q1", "form", "spread", "line"),
    *("total", "implied_odds", "expected_goals", "score_diff", "goals_odds", "odds_score", "wins"),
)


def columns(words: tuple[str, ...]) -> list[list[str]]:
    """Return the names of the two sides for each word, in every style."""
    return [
        [
            style.format(side=side, word=word, SIDE=side.upper(), WORD=word.upper())
            .replace("<Side>", side.title())
            .replace("<Word>", word.title())
            for side in pair
        ]
        for word in words
        for pair in SIDES
        for style in STYLES
        if len(pair[0]) > 1 or style != "{side}{word}"
    ]


VALUES = ("2,1", "1.9,2.1", "-150,130", "118,102", "2.0,2.0")
COULD_BE = {
    "prices": ("1.9,2.1", "-150,130", "2.0,2.0"),
    "scores": ("2,1", "118,102", "2.0,2.0"),
    "neither": (),
}


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("kind", ["prices", "scores", "neither"])
def test_no_price_is_ever_a_score_and_no_score_a_price(kind: str, values: str) -> None:
    """Whatever stands in it, and however it is written."""
    pairs = columns({"prices": PRICES, "scores": SCORES, "neither": NEITHER}[kind])
    cells = [*NBA.split(","), *values.split(",")]
    taken = 0
    for pair in pairs:
        header = ["date", "home_team", "away_team", *pair]
        table = [column_of(name, [cell]) for name, cell in zip(header, cells, strict=True)]
        mapping = suggest_for(table, LEAGUES, LEAGUES["nba"]).mapping
        score, quotes = "home_score" in mapping, bool(mapping.get("quotes"))
        assert not score or kind == "scores", pair
        assert not quotes or kind == "prices", pair
        taken += score or quotes
    assert taken > (0.9 * len(pairs) if values in COULD_BE[kind] else -1)


SPREADS = (
    "commence_time,home_team,away_team,bookmaker,market,outcome,point,price\n"
    "2019-12-25T20:00:00Z,Boston Celtics,Toronto Raptors,acme,{0},Boston Celtics,-5.5,1.90\n"
    "2019-12-25T20:00:00Z,Boston Celtics,Toronto Raptors,acme,{0},Toronto Raptors,{1},1.90\n"
)


@pytest.mark.parametrize("market", ["spreads", "spread", "Handicap"])
def test_spreads_told_from_each_side_are_refused_rather_than_turned_round(
    tmp_path: Path, market: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SPREADS.format(market, "5.5"))
    found = suggested(path)
    assert "each side's own view" in "\n".join(found.notes)
    mapping = Mapping.model_validate(found.mapping)
    reader = QuoteTable(open_table(path), mapping, LEAGUES["nba"])
    assert sum(len(prices) for prices in map(list, reader.prices())) == 0
    assert [row.code for row in reader.batch().rejected] == ["unknown-market"] * 2


def test_spreads_told_from_the_home_side_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SPREADS.format("spreads", "-5.5"))
    found = suggested(path)
    assert found.mapping["market"]["values"] == {"spreads": "spread"}
    assert ["added to the home score" in check for check in found.checks] == [True]


def test_a_proposal_with_questions_is_no_mapping_yet(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(CASES[0].table)
    found = suggested(path)
    text = yaml.safe_dump(found.mapping, sort_keys=False)
    with pytest.raises(ConfigError, match=r"quotes.0.bookmaker.value is still '\?'") as caught:
        parse_mapping(text, tmp_path / "mapping.yaml")
    assert "mapping.yaml:13" in str(caught.value.fix)
    with pytest.raises(ConfigError, match="has still to be looked at: quotes: whose prices") as caught:
        parse_mapping(text.replace("value: '?'", "value: acme"), tmp_path / "mapping.yaml")
    assert "and 1 more" in caught.value.message
    assert caught.value.exit_code == 3
    assert "delete the lines under check" in str(caught.value.fix)


def test_a_league_that_is_not_known_must_be_written(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("date,home,away\n2021-08-14,Acton,Barnes\n")
    text = yaml.safe_dump(suggested(path).mapping, sort_keys=False)
    with pytest.raises(ConfigError, match=r"league is still '\?'") as caught:
        parse_mapping(text, tmp_path / "mapping.yaml")
    assert "sportsplat leagues" in str(caught.value.fix)


def test_a_name_of_any_length_and_any_number_of_columns_is_looked_at_in_time() -> None:
    """A name of 200,000 letters took minutes."""
    table = [column_of("x" * 200_000, ["1"]), *(column_of(f"home{n}", ["1"]) for n in range(5_000))]
    started = time.process_time()
    assert len(suggest_for(table, LEAGUES).unplaced) == len(table)
    assert time.process_time() - started < 10
