"""More of them: several bookmakers, a price a row, a team a row, and what is no table of matches."""

from __future__ import annotations

from tests.suggestions import ASKS_CLOSING, ASKS_WHOSE, ASKS_ZONE, NBA, Case

LAYOUTS = [
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
        ("over_2_5, under_2_5 are assumed to be prices", ASKS_WHOSE, ASKS_CLOSING), found="nba",
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
        "date=date home=home away=away outcome=selection odds=odds",
        asked=("bookmaker: whose prices", f"closing: are those in odds {ASKS_CLOSING}"),
    ),
    Case(
        "a price a row, named shortly",
        "event_id,starts_at,home,away,book,market_type,selection,handicap,decimal,is_close,ts\n"
        "1,2019-08-09 20:00:00+01:00,Acton,Barnes,acme,1X2,1,,1.14,0,2019-08-09 10:00:00+01:00\n"
        "1,2019-08-09 20:00:00+01:00,Acton,Barnes,acme,1X2,X,,8,0,2019-08-09 10:00:00+01:00\n"
        "1,2019-08-09 20:00:00+01:00,Acton,Barnes,acme,OU,over,2.5,1.9,0,2019-08-09 10:00:00+01:00\n",
        "kickoff=starts_at home=home away=away bookmaker=book market=market_type outcome=selection"
        " line=handicap odds=decimal quoted_at=ts closing=is_close",
        unplaced="event_id:id",
    ),
    Case(
        "an American price a row, without its moment",
        "date,home_team,away_team,sportsbook,side,american_odds\n"
        f"{NBA},acme,home,-175\n{NBA},acme,away,+150\n",
        "date=date home=home_team away=away_team bookmaker=sportsbook outcome=side odds=american_odds",
        asked=(f"closing: are those in american_odds {ASKS_CLOSING}",), found="nba",
    ),
    Case(
        "a price a row of outcomes that nobody knows",
        "date,home,away,book,selection,decimal\n2021-08-14,Acton,Barnes,acme,first,2.1\n",
        "date=date home=home away=away",
        asked=("rows: decimal, selection, book look like one price per row",),
        unplaced="book selection decimal:side",
    ),
    Case(
        "a price a row with closing and opening prices: which?",
        "date,home,away,book,side,opening_odds,closing_odds\n2021-08-14,Acton,Barnes,acme,home,2.1,2.0\n",
        "date=date home=home away=away bookmaker=book outcome=side odds=opening_odds",
        asked=("opening_odds is used, but closing_odds would also fit",), unplaced="closing_odds",
    ),
    Case(
        "one team per row",
        "Team,Game,Date,Home,Opponent,WINorLOSS,TeamPoints,OpponentPoints\n"
        "Acton,1,2014-10-29,Away,Barnes,L,102,109\n",
        "date=Date",
        unplaced="Team:side Game Home Opponent:side WINorLOSS TeamPoints:side OpponentPoints",
        noted="one team per row",
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
        asked=("Team 1 is assumed to be the home team",), unplaced="FT:two_scores HT:part",
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
        asked=("b is assumed to be the home team", "a is assumed to be the day"), unplaced="d", found="nba",
    ),
    Case(
        "no header",
        f"{NBA},118,102\n2019-12-26,Denver Nuggets,Chicago Bulls,98,102\n",
        "date=2019-12-25 home=Boston_Celtics away=Toronto_Raptors",
        asked=("is that data?", "assumed to be the home team", "assumed to be the day"), unplaced="118 102",
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
        asked=("is the date the local day of the league?",), found="nba",
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
        "date=date home=home away=away", asked=("most of home and away are not teams of nfl",), league="nfl",
        found="nfl",
    ),
    Case(
        "several leagues in one table",
        "date,league,home,away\n2021-08-14,First,Acton,Barnes\n2021-08-14,Second,Cope,Dent\n",
        "date=date home=home away=away", asked=("league has several (First, Second",),
        unplaced="league:names",
    ),
    Case(
        "two columns of days",
        "date,match_day,home,away\n2021-08-14,2021-08-15,Acton,Barnes\n",
        "date=date home=home away=away", asked=("match_day would also fit",), unplaced="match_day:is_used",
    ),
    Case(
        "a header and no rows",
        "date,home,away,home_score,away_score\n",
        "home_score=home_score away_score=away_score", unplaced="date home away",
        noted="date: no column looks like one",
    ),
    Case("nothing that is known", "a,b\n1,2\n", "", unplaced="a b", noted="date: no column looks like one"),
]  # fmt: skip
