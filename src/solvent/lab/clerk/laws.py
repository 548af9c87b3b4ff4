"""The laws the clerk knows, by number: a broken one is reported as law x 1000 + the place of the check."""

SEQUENCED = 1_000
REFUSED = 2_000
TOLD = 3_000
LEDGER = 4_000
STRUCTURE = 5_000
SCAN = 6_000
JUDGED = 7_000
MARGIN = 8_000
OUTFLOW = 9_000
LIQUIDATION = 10_000
PENALTY = 11_000
DELEVERAGE = 12_000
WATERFALL = 13_000
FUNDING = 14_000
TERMS = 15_000
KEEPER = 16_000
POOL = 17_000

NAMES = {
    SEQUENCED: "SEQUENCE",
    REFUSED: "REFUSED",
    TOLD: "TOLD",
    LEDGER: "LEDGER",
    STRUCTURE: "STRUCTURE",
    SCAN: "SCAN",
    JUDGED: "JUDGED",
    MARGIN: "MARGIN",
    OUTFLOW: "OUTFLOW",
    LIQUIDATION: "LIQUIDATION",
    PENALTY: "PENALTY",
    DELEVERAGE: "DELEVERAGE",
    WATERFALL: "WATERFALL",
    FUNDING: "FUNDING",
    TERMS: "TERMS",
    KEEPER: "KEEPER",
    POOL: "POOL",
}
"""Names as the auditor gives them."""


def law_of(found: int) -> str:
    """The name of the law behind a number of the clerk, with the place of the check."""
    return f"{NAMES.get(found // 1_000 * 1_000, 'UNKNOWN')} {found % 1_000}"
