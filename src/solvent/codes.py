"""Small closed sets, and the refusals with the sentence that goes with each. Numbers are never reused."""

from enum import IntEnum


class AccountKind(IntEnum):
    """What an account row is."""

    NONE = 0
    CROSS = 1
    ISOLATED = 2
    SYSTEM = 3


class SystemAccount(IntEnum):
    """Rows the venue itself owns; the fund of a market is row MARKET_FUNDS + instrument."""

    EXTERNAL = 0
    FEES = 1
    VENUE_CAPITAL = 2
    VENUE_FUND = 3
    VAULT = 4
    FUNDING = 5
    DEFICIT = 6
    MARKET_FUNDS = 8


class Status(IntEnum):
    """Whether an account is the trader's to run or the liquidation engine's."""

    SOUND = 0
    DISTRESSED = 1


class ContractKind(IntEnum):
    """How the value of a contract follows its price (solvent.state.values)."""

    LINEAR = 0
    INVERSE = 1
    OPTION = 2


class Mode(IntEnum):
    """What a market allows, each level less than the one before it (solvent.risk.breaker.ALLOWED)."""

    ACTIVE = 0
    CAUTION = 1
    REDUCE_ONLY = 2
    AUCTION = 3
    HALTED = 4


class Action(IntEnum):
    """What a command does to risk, as breakers and the oracle table tell it apart."""

    DEPOSIT = 0
    CANCEL = 1
    REDUCE = 2
    OPEN = 3
    WITHDRAW = 4
    MINT = 5
    LIQUIDATE = 6
    FUND = 7
    BID = 8


class Condition(IntEnum):
    """What may be wrong with a market's price; a bit each, because two may be wrong at once."""

    STALE = 0
    UNCERTAIN = 1
    DIVERGING = 2
    BELOW_QUORUM = 3


class Answer(IntEnum):
    """What the oracle table says about an action under a condition."""

    ALLOW = 0
    CONSERVATIVE = 1
    REFUSE = 2


class Estimator(IntEnum):
    """How reports of one kind become one price."""

    WEIGHTED_MEDIAN = 0
    MEDIAN = 1
    WEIGHTED_MEAN = 2
    COMMITTEE = 3


class Metric(IntEnum):
    """What a breaker measures; from FUND_DRAWDOWN on of the venue as a whole."""

    MARK_MOVE = 0
    PRICE_BAND = 1
    VOLATILITY = 2
    DISPERSION = 3
    STALENESS = 4
    LIQUIDATIONS = 5
    OPEN_INTEREST = 6
    FUND_DRAWDOWN = 7
    OUTFLOW = 8
    TIME_JUMP = 9
    INSOLVENT_REQUIREMENT = 10


class Breach(IntEnum):
    """What a guard does with a number beyond its bound."""

    DROP = 0
    CLAMP = 1


class Level(IntEnum):
    """Rungs of the margin ladder."""

    INITIAL = 0
    MAINTENANCE = 1
    CLOSE_OUT = 2


class Schedule(IntEnum):
    """How the requirement of one position is computed."""

    ZERO = 0
    BRACKETS_MARGINAL = 1
    BRACKETS_WHOLE = 2
    USER_LEVERAGE = 3
    BRACKETS_BY_SIZE = 4
    CURVE = 5
    SCENARIO = 6
    OPTION = 7


class Driver(IntEnum):
    """What the rate of a curve grows with. The first two do not move with a price."""

    NONE = 0
    SIZE = 1
    NOTIONAL = 2
    OPEN_INTEREST = 3


class Exponent(IntEnum):
    """The power of a curve's driver."""

    LINE = 0
    SQUARE = 1
    ROOT = 2


class Weighting(IntEnum):
    """How the worth of collateral follows from its amount and price."""

    FIXED = 0
    TIERS_OF_AMOUNT = 1
    TIERS_OF_VALUE = 2
    IMPACT = 3


class Executor(IntEnum):
    """Who acts at a stage of the action ladder."""

    ENGINE = 0
    BACKSTOP_VAULT = 1
    ADL = 2
    KEEPER = 3
    AUCTION = 4


class OfferPrice(IntEnum):
    """What a keeper or a bidder pays, as a factor of the mark."""

    BONUS = 0
    HEALTH = 1
    TIME = 2
    STAIRS = 3


class Size(IntEnum):
    """How much a stage closes."""

    FULL = 0
    FRACTION = 1
    TO_LOWER_TIER = 2
    TO_HEALTH = 3
    CLOSE_FACTOR = 4
    SAME_SHARE = 5


class PriceLimit(IntEnum):
    """The limit of a liquidation order."""

    NONE = 0
    BANKRUPTCY = 1
    HEALTH_DISCOUNT = 2
    SPREAD = 3


class FeeBase(IntEnum):
    """What a penalty is a share of: the value closed, what it freed, how much better than its limit, the debt in it."""

    VALUE = 0
    REQUIREMENT = 1
    IMPROVEMENT = 2
    DEBT = 3


class AdlPrice(IntEnum):
    """The price at which contracts move when positions are deleveraged."""

    MARK = 0
    PREVIOUS_MARK = 1
    BANKRUPTCY = 2
    ZERO_PRICE = 3
    SPREAD = 4


class AdlScore(IntEnum):
    """How winners are ranked."""

    HYPERLIQUID = 0
    BINANCE = 1
    BITMEX = 2
    LIGHTER = 3
    OKX = 4
    GAIN = 5


class AdlPolicy(IntEnum):
    """How contracts are spread over the ranked winners."""

    QUEUE = 0
    PRO_RATA = 1
    PSEUDO_RANDOM = 2
    LEXICOGRAPHIC = 3


class AdlMetric(IntEnum):
    """One number winners are compared by, highest first; several in order make a lexicographic rank."""

    NONE = 0
    MARK_OVER_ENTRY_PRICE = 1
    NOTIONAL_OVER_EQUITY = 2
    PNL_OVER_WALLET = 3
    MAINTENANCE_OVER_EQUITY = 4
    PNL_OVER_ENTRY_VALUE = 5
    UNREALISED_PNL = 6
    PNL_OVER_MARGIN = 7


class AdlTrigger(IntEnum):
    """When winners may be made to close; without any trigger the stages alone say it."""

    FUND_DEPLETED = 0
    FUND_DRAWDOWN = 1
    FUND_NOTIONAL_CAP = 2
    EQUITY_NEGATIVE = 3
    VAULT_REFUSES = 4
    POOL_PNL_FACTOR = 5
    MARK_REACHES_BANKRUPTCY = 6
    ORDER_UNFILLED = 7
    VAULT_LOSS = 8


class Accept(IntEnum):
    """When a backstop takes positions over."""

    ALWAYS = 0
    COVERED = 1
    MARGINED = 2


class Tranche(IntEnum):
    """Who pays a shortfall, in the words of the report."""

    MARKET_FUND = 0
    VENUE_FUND = 1
    VENUE_CAPITAL = 2
    LIQUIDITY_VAULT = 3
    ADL = 4
    HAIRCUT_GAINS = 5
    HAIRCUT_ALL = 6


class SourceKind(IntEnum):
    """What a price source tells."""

    SPOT = 0
    PERP = 1
    MARK = 2


class MarkCombiner(IntEnum):
    """How mark components become the mark."""

    FIRST = 0
    MEDIAN = 1


class FundingKind(IntEnum):
    """How the machine computes a market's funding rate when it is asked to; REPORTED: it is told."""

    REPORTED = 0
    CLAMPED_PREMIUM = 1
    DAMPED_PREMIUM = 2
    VELOCITY = 3
    IMBALANCE_ADAPTIVE = 4


class Family(IntEnum):
    """Parameters that are changed under one rule: by the same people, as far, and after the same notice."""

    CONTRACT = 0
    PRICE = 1
    COLLATERAL = 2
    MARGIN = 3
    FUNDING = 4
    LIQUIDATION = 5
    LOSS = 6
    ADL = 7
    LIMITS = 8
    BREAKERS = 9
    DYNAMIC = 10
    GOVERNANCE = 11
    ENGINE = 12


class Authority(IntEnum):
    """What a seat may do about the rules, a bit each."""

    OPERATOR = 1
    CONTROLLER = 2
    COUNCIL = 4
    GUARDIAN = 8


class FeePayee(IntEnum):
    """Who receives a penalty or the rest of an account that was taken over."""

    TRADER = 0
    MARKET_FUND = 1
    VENUE_FUND = 2
    VAULT = 3
    VENUE_CAPITAL = 4


class Refusal(IntEnum):
    """Why a command changed nothing. Families: 1xx form, 2xx identity, 3xx state, 4xx risk, 5xx price, 6xx terms."""

    NONE = 0
    KIND_UNKNOWN = 101
    FIELD_NOT_USED = 102
    AMOUNT_OUT_OF_RANGE = 103
    LOTS_OUT_OF_RANGE = 104
    PRICE_OUT_OF_RANGE = 105
    RATE_OUT_OF_RANGE = 106
    LEVERAGE_OUT_OF_RANGE = 107
    TIME_OUT_OF_RANGE = 108
    COUNT_OUT_OF_RANGE = 109
    VARIANT_UNKNOWN = 110
    ACCOUNT_UNKNOWN = 201
    ACCOUNT_EXISTS = 202
    ACCOUNT_IS_SYSTEM = 203
    COUNTERPARTY_UNKNOWN = 204
    SELF_TRADE = 205
    OWNER_DIFFERS = 206
    INSTRUMENT_UNKNOWN = 207
    INSTRUMENT_LISTED = 208
    ASSET_UNKNOWN = 209
    SOURCE_UNKNOWN = 210
    REFERENCE_UNKNOWN = 211
    ACCOUNT_NOT_NEXT = 212
    POSITIONS_FULL = 302
    ISOLATED_HAS_OTHER_MARKET = 303
    MARKET_HALTED = 304
    MARKET_REDUCE_ONLY = 305
    NO_MARK = 306
    IN_LIQUIDATION = 307
    MARKET_IN_CAUTION = 330
    MARKET_IN_AUCTION = 331
    NO_INTEREST = 332
    INTEREST_FULL = 333
    FUNDING_NOT_COMPUTED = 340
    FUNDING_TOO_SOON = 341
    PREMIUM_MISSING = 342
    PREMIUMS_FULL = 343
    NO_LIQUIDATION_ORDER = 308
    ORDER_NOT_RESERVED = 309
    HOLDING_TOO_SMALL = 311
    FUND_WOULD_BE_NEGATIVE = 312
    SHARES_TOO_FEW = 313
    VAULT_WITHOUT_VALUE = 314
    BELOW_INITIAL = 401
    BELOW_MAINTENANCE = 402
    HEALTH_WOULD_FALL = 403
    WITHDRAWAL_EXCEEDS_FREE = 404
    WITHDRAWALS_GATED = 405
    OPEN_INTEREST_CAP = 406
    POSITION_LIMIT = 407
    BEYOND_LIMIT_PRICE = 408
    OWNER_CONCENTRATION = 430
    ORDER_BAND = 431
    OUTFLOW_LIMIT = 432
    COLLATERAL_CAP = 433
    REPORT_STALE = 501
    REPORT_FROM_FUTURE = 502
    REPORT_STEP = 503
    REPORT_OUT_OF_ORDER = 530
    REPORT_TOO_SOON = 531
    REPORT_UNCERTAIN = 532
    REPORT_AT_BOUND = 533
    PRICE_CONDITION = 534
    CELL_UNKNOWN = 601
    TERMS_VERSION = 602
    TERMS_INVALID = 603
    TERMS_FIXED_AT_LISTING = 604
    PROPOSAL_OPEN = 640
    NO_PROPOSAL = 641
    NOT_ENTITLED = 642
    NOTHING_STAGED = 643
    STEP_TOO_LARGE = 644
    HARM = 645
    NOTICE_NOT_OVER = 646
    VOTES_MISSING = 647
    ALREADY_VOTED = 648
    POOL_UNKNOWN = 120
    POOL_IS_OPEN = 121
    POOL_DIFFERS = 122
    SHARES_UNDER_NOTICE = 123
    POOL_FULL = 124
    OFFER_OVER = 125
    OFFER_TAKEN = 126
    KEEPER_NOT_ENDORSED = 127
    STEP_IS_TOXIC = 128
    NO_UNWIND_ORDER = 129
    SHARE_TOO_LARGE = 130
    NO_OFFER = 131
    ASSET_NOT_LENT = 145
    INTEREST_TOO_SOON = 146
    BORROW_LIMIT = 147
    POOL_LENT_OUT = 148
    DEBT_TOO_SMALL = 149
    NOT_EXPIRED = 155
    EXPIRED = 156
    MARKET_OPEN = 157
    MARKET_NEEDED = 158
    MARKET_SETTLED = 159
    ACTION_BLOCKED = 160


REFUSAL_SENTENCES: dict[Refusal, str] = {
    Refusal.NONE: "Accepted.",
    Refusal.KIND_UNKNOWN: "This command kind does not exist; use one of the constructors in solvent.commands.",
    Refusal.FIELD_NOT_USED: "A field this command does not use is not zero; build the record with its constructor.",
    Refusal.AMOUNT_OUT_OF_RANGE: "The amount must be positive and keep every wallet within 2^60 quanta; send less.",
    Refusal.LOTS_OUT_OF_RANGE: "The number of lots must be non-zero and within the contract's position limit.",
    Refusal.PRICE_OUT_OF_RANGE: "The price must be at least one tick and at most the contract's largest price.",
    Refusal.RATE_OUT_OF_RANGE: "The funding rate is beyond the rulebook's cap; clamp it before sending.",
    Refusal.LEVERAGE_OUT_OF_RANGE: "Leverage must be between 1 and 1000 and margin must suffice at it.",
    Refusal.TIME_OUT_OF_RANGE: "Time must be positive nanoseconds since 1970; check the unit of the stamp.",
    Refusal.COUNT_OUT_OF_RANGE: "The number of accounts to work must be between 1 and the rulebook's bound.",
    Refusal.VARIANT_UNKNOWN: "This kind of account, mode or policy does not exist; see solvent.codes.",
    Refusal.ACCOUNT_UNKNOWN: "No such account; open it first with OpenAccount.",
    Refusal.ACCOUNT_EXISTS: "This account is already open; choose the next free number.",
    Refusal.ACCOUNT_IS_SYSTEM: "This account belongs to the venue and cannot be used here.",
    Refusal.COUNTERPARTY_UNKNOWN: "The other side has no account; open it first with OpenAccount.",
    Refusal.SELF_TRADE: "Both sides are the same account; a trade needs two.",
    Refusal.OWNER_DIFFERS: "Margin moves only between accounts of one owner; withdraw and deposit instead.",
    Refusal.INSTRUMENT_UNKNOWN: "This instrument is not listed; list it first.",
    Refusal.INSTRUMENT_LISTED: "This instrument is already listed.",
    Refusal.ASSET_UNKNOWN: "The rulebook does not accept this asset as collateral.",
    Refusal.SOURCE_UNKNOWN: "The rulebook gives this source no weight for this instrument; add it to the feeds.",
    Refusal.REFERENCE_UNKNOWN: "The reference does not name the order in force; use the one of the last order event.",
    Refusal.ACCOUNT_NOT_NEXT: "Accounts are numbered without gaps; open the next number after the last one.",
    Refusal.POSITIONS_FULL: "The account already holds 64 positions or 16 collateral assets; close one first.",
    Refusal.ISOLATED_HAS_OTHER_MARKET: "An isolated account holds one market; open another account for this one.",
    Refusal.MARKET_HALTED: "The market is halted; wait until it resumes.",
    Refusal.MARKET_REDUCE_ONLY: "The market is reduce-only; send an order that makes the position smaller.",
    Refusal.NO_MARK: "The market has no accepted price yet; report one first.",
    Refusal.IN_LIQUIDATION: "The account is being liquidated; deposit or reduce until it is above maintenance.",
    Refusal.MARKET_IN_CAUTION: "The market or the venue is in caution; wait until it is calm again.",
    Refusal.MARKET_IN_AUCTION: "The market is in its reopening auction; report interest, or wait until it has crossed.",
    Refusal.NO_INTEREST: "Bids and offers do not meet; report more interest before crossing.",
    Refusal.INTEREST_FULL: "The auction keeps sixteen prices; report interest at one of them.",
    Refusal.FUNDING_NOT_COMPUTED: "The rulebook leaves this market's rate to the venue; send FundingTick with it.",
    Refusal.FUNDING_TOO_SOON: "The market's funding interval is not over; settle it when it is.",
    Refusal.PREMIUM_MISSING: "No premium was reported in this interval; report one before settling.",
    Refusal.PREMIUMS_FULL: "The market's interval holds a million premiums; settle its funding before more.",
    Refusal.NO_LIQUIDATION_ORDER: "There is no open liquidation order for that many lots of this position.",
    Refusal.ORDER_NOT_RESERVED: "More is released than was reserved on this side.",
    Refusal.HOLDING_TOO_SMALL: "The account holds less of this asset than asked for.",
    Refusal.FUND_WOULD_BE_NEGATIVE: "The fund or vault does not hold enough cash for this; contribute first.",
    Refusal.SHARES_TOO_FEW: "The account owns fewer vault shares than asked for, or the amount buys none.",
    Refusal.VAULT_WITHOUT_VALUE: "The vault has no positive value to price a share with.",
    Refusal.BELOW_INITIAL: "Equity after this would be below the initial requirement; deposit or trade less.",
    Refusal.BELOW_MAINTENANCE: "The account would be liquidatable at once; deposit or trade less.",
    Refusal.HEALTH_WOULD_FALL: "A reduction below initial margin must not lower the account's health.",
    Refusal.WITHDRAWAL_EXCEEDS_FREE: "More is withdrawn than is free above the initial requirement, without gains.",
    Refusal.WITHDRAWALS_GATED: "An account has negative equity; withdrawals wait until its loss is paid.",
    Refusal.OPEN_INTEREST_CAP: "Open interest would pass the market's cap; trade less.",
    Refusal.POSITION_LIMIT: "The position would pass the contract's limit; trade less.",
    Refusal.BEYOND_LIMIT_PRICE: "The fill is worse than the order's limit price.",
    Refusal.OWNER_CONCENTRATION: "The accounts of this owner would together hold more of the market than one may.",
    Refusal.ORDER_BAND: "The price is further from the mark than orders that open risk may be; move it nearer.",
    Refusal.OUTFLOW_LIMIT: "More has left the venue in this window than may; ask for less or wait.",
    Refusal.COLLATERAL_CAP: "The venue holds as much of this asset as it accepts now; the cap grows with time.",
    Refusal.REPORT_STALE: "The report is not newer than the source's last one, or older than allowed.",
    Refusal.REPORT_FROM_FUTURE: "The report's source time is ahead of the machine's time; check the clock.",
    Refusal.REPORT_STEP: "The report is further from the source's last price than one step may be.",
    Refusal.REPORT_OUT_OF_ORDER: "The source numbers its reports and this number is not above the last; send it once.",
    Refusal.REPORT_TOO_SOON: "The source reports more often than the rulebook hears it; wait for its interval.",
    Refusal.REPORT_UNCERTAIN: "The source says itself that it does not know the price well enough.",
    Refusal.REPORT_AT_BOUND: "The price stands at the end of what the source can say; it is believed no more.",
    Refusal.PRICE_CONDITION: "The market's price is stale, uncertain, diverging or has too few sources for this.",
    Refusal.CELL_UNKNOWN: "No parameter lives at this address; compile the change with solvent.rulebook.",
    Refusal.TERMS_VERSION: "The version must be the one in force plus one.",
    Refusal.TERMS_INVALID: "The staged terms are outside the machine's bounds; nothing was enacted.",
    Refusal.TERMS_FIXED_AT_LISTING: "A contract's size, tick value and bounds cannot change once it is listed.",
    Refusal.PROPOSAL_OPEN: "A proposal waits; enact or withdraw it before staging or proposing another.",
    Refusal.NO_PROPOSAL: "No proposal of this version waits; stage the change and propose it first.",
    Refusal.NOT_ENTITLED: "This seat has no authority over what is asked; ask one that the rulebook entitles.",
    Refusal.NOTHING_STAGED: "The staged terms are the ones in force; stage a change first.",
    Refusal.STEP_TOO_LARGE: "A value moves further than one change may move it; go there in smaller steps.",
    Refusal.HARM: "More accounts would be liquidatable at unchanged prices than a change may make so.",
    Refusal.NOTICE_NOT_OVER: "The notice of the change is not over; enact it when it is.",
    Refusal.VOTES_MISSING: "Fewer seats of the council have voted for the change than it needs.",
    Refusal.ALREADY_VOTED: "This seat has voted for the proposal.",
    Refusal.POOL_UNKNOWN: "There is no such pool, or it is not open; open it first with OpenPool.",
    Refusal.POOL_IS_OPEN: "This pool is open already; its account does not change.",
    Refusal.POOL_DIFFERS: "The account holds shares of another pool; use another account of the same owner.",
    Refusal.SHARES_UNDER_NOTICE: "Shares leave this pool only after a notice; give it, or wait until it is over.",
    Refusal.POOL_FULL: "The pool takes no more money than its cap; join with less, or wait until others leave.",
    Refusal.OFFER_OVER: "The offer is over; wait for the next one and cite its reference.",
    Refusal.OFFER_TAKEN: "Fewer lots than asked for are left of the offer; ask for what is left.",
    Refusal.KEEPER_NOT_ENDORSED: "Only keepers the venue has endorsed may act at this stage.",
    Refusal.STEP_IS_TOXIC: "At this price the step would lower the account's health; wait for a later stage.",
    Refusal.NO_UNWIND_ORDER: "The pool has no open order for that many lots; use the one of its last order event.",
    Refusal.SHARE_TOO_LARGE: "A bid takes at least one lot and at most the share that restores the account.",
    Refusal.ASSET_NOT_LENT: "Nobody may owe this asset under the rulebook; withdraw what is held, or change the rules.",
    Refusal.INTEREST_TOO_SOON: "The asset's accrual interval is not over; accrue its interest when it is.",
    Refusal.BORROW_LIMIT: "The account would owe more of the asset than one account, or all together, may; take less.",
    Refusal.POOL_LENT_OUT: "Those who deposited the asset have less left than is asked for; wait, or take less.",
    Refusal.DEBT_TOO_SMALL: "The account owes less of this asset than was bought back.",
    Refusal.NO_OFFER: "Nothing of this account is on offer to keepers or bidders.",
    Refusal.NOT_EXPIRED: "The option has not expired; settle it from its expiry on.",
    Refusal.EXPIRED: "The option has expired and waits for its settlement; trade another series.",
    Refusal.MARKET_OPEN: "A market that does not expire is settled only while it is halted; halt it first.",
    Refusal.MARKET_NEEDED: "The market prices collateral or a listed option; settle or remove these first.",
    Refusal.ACTION_BLOCKED: "A breaker holds this action back; wait until it lets go.",
    Refusal.MARKET_SETTLED: "This market was settled and opens no more; list another row.",
}
