"""Invented tables in layouts that people have, and what `--suggest` must make of them: a match a row."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sportsplat.leagues.league import load_leagues
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.suggest.suggest import Suggestion, suggest

LEAGUES = load_leagues()
ASKS_WHOSE = "whose prices are"
ASKS_CLOSING = "the last prices before the start?"
ASKS_ZONE = "has no time zone"
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
MATCHES = [
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
        "German, with decimal commas",
        "Datum;Heim;Gast;Tore Heim;Tore Gast;Quote Heim;Quote Unentschieden;Quote Gast\n"
        "14.08.2021;Adorf;Bedorf;3;1;1,55;4,80;5,50\n",
        "date=Datum[%d.%m.%Y] home=Heim away=Gast home_score=Tore_Heim away_score=Tore_Gast",
        ("? result: Quote Heim Quote Unentschieden Quote Gast",), (ASKS_WHOSE, ASKS_CLOSING),
        noted="the numbers seem to have decimal commas",
    ),
    Case(
        "Italian, with decimal commas and quotas",
        "Data;Casa;Ospite;Q1;QX;Q2\n17/08/2019;Adorf;Bedorf;1,25;6,00;11,50\n",
        "date=Data[%d/%m/%Y] home=Casa away=Ospite",
        ("? result: Q1 QX Q2",), (ASKS_WHOSE, ASKS_CLOSING), noted="the numbers seem to have decimal commas",
    ),
    Case(
        "quarters, which are no quotas",
        f"date,home,away,Q1,Q2\n{NBA},28,31\n",
        "date=date home=home away=away", unplaced="Q1:part Q2:part", found="nba",
    ),
    Case(
        "commas of thousands, which are no decimal ones",
        "Datum;Heim;Gast;Quote Heim;Quote Unentschieden;Quote Gast\n"
        "14.08.2021;Adorf;Bedorf;1,555;4,800;5,505\n",
        "date=Datum[%d.%m.%Y] home=Heim away=Gast",
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
        ("? result: 1 X 2",), ("assumed to be prices from their values", ASKS_WHOSE, ASKS_CLOSING),
    ),
    Case(
        "o1, ox, o2 and numbered teams",
        "date,team1,team2,score1,score2,o1,ox,o2\n2021-08-14,Acton,Barnes,2,1,2.1,3.4,3.3\n",
        "date=date home=team1 away=team2 home_score=score1 away_score=score2",
        ("? result: o1 ox o2",), ("team1 is assumed to be the home team", ASKS_WHOSE, ASKS_CLOSING),
    ),
    Case(
        "numbered prices without a draw",
        f"date,home,away,odds1,odds2\n{NBA},1.8,2.1",
        "date=date home=home away=away",
        ("? result: odds1 odds2",), ("1 is assumed to mean home", ASKS_WHOSE, ASKS_CLOSING), found="nba",
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
        asked=("team1 is assumed to be the home team",),
        unplaced="season:starts playoff:regular elo1_pre:rating elo2_pre:rating elo_prob1:probability"
        " elo_prob2:probability",
        found="nba",
    ),
    Case(
        "a name that stands twice, right of the teams",
        "Date,Visitor/Neutral,PTS,Home/Neutral,PTS,Attend.,Notes\n"
        '"Tue, Oct 25, 2016",New York Knicks,88,Cleveland Cavaliers,117,20562,\n',
        "date=Date[%a,_%b_%d,_%Y] home=Home/Neutral away=Visitor/Neutral home_score=PTS_(5) away_score=PTS",
        asked=("since each follows its team",), unplaced="Attend.:attendance Notes", found="nba",
    ),
    Case(
        "nothing is played yet",
        "Date,Home,Away,HG,AG,home_odds,away_odds\n2021-08-14,Acton,Barnes,,,,\n2021-08-15,Cope,Dent,,,,\n",
        "date=Date home=Home away=Away home_score=HG away_score=AG",
        unplaced="home_odds:empty away_odds:empty",
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
        unplaced="home_prob:probability draw_prob:probability away_prob:probability home_odds:neither_decimal"
        " draw_odds:neither_decimal away_odds:neither_decimal",
    ),
    Case(
        "fractions",
        "date,home,away,home_odds,draw_odds,away_odds\n2021-08-14,Acton,Barnes,6/4,2/1,3/1\n",
        "date=date home=home away=away",
        unplaced="home_odds:fractions draw_odds:fractions away_odds:fractions",
    ),
]  # fmt: skip


def suggested(path: Path, league: str = "") -> Suggestion:
    return suggest(open_table(path), LEAGUES, LEAGUES[league] if league else None)
