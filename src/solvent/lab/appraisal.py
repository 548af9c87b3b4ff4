"""What a market's reports make, worked out slowly: exact fractions, sorted lists, all past marks.

It follows the rulebook's words and shares nothing with the machine but the names of fields and codes. Its windows are
cut where the machine's are, at eighths, because that is part of the rule: a window reaches back to the start of the
eighth before its length.
"""

from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low
from typing import Any

from solvent.codes import Answer, Breach, Condition, Estimator, MarkCombiner, SourceKind
from solvent.units import PPM

MINUTE_NS = 60 * 10**9
WINDOWS_NS = {"minute_ppm": MINUTE_NS, "ten_minutes_ppm": 10 * MINUTE_NS, "hour_ppm": 60 * MINUTE_NS}
DAY_NS = 1_440 * MINUTE_NS


@dataclass(slots=True)
class ReportBook:
    """The last words of one source about one market."""

    price: int = 0
    stamp: int = 0
    received: int = 0
    sequence: int = 0
    number: int = 0
    waiting: int = 0
    waiting_stamp: int = 0
    waiting_until: int = 0

    def take(self, command: Any, now: int, sequence: int, delay: int) -> None:
        """Book an accepted report."""
        if self.waiting and now >= self.waiting_until:
            self.price, self.stamp, self.waiting = self.waiting, self.waiting_stamp, 0
        if not delay or not self.price:
            self.price, self.stamp = command.price_ticks, command.source_time_ns
        elif not self.waiting:
            self.waiting, self.waiting_stamp = command.price_ticks, command.source_time_ns
            self.waiting_until = now + delay
        self.received, self.sequence = now, sequence
        self.number = command.source_sequence or self.number

    def heard(self, now: int, delay: int) -> tuple[int, int]:
        """(price that counts now, time its age is counted from)."""
        due = self.waiting and now >= self.waiting_until
        price, stamp = (self.waiting, self.waiting_stamp) if due else (self.price, self.stamp)
        return price, self.received if delay else stamp


@dataclass(slots=True)
class MarketBook:
    """What the clerk remembers of one market's price: marks with the time each ceased to be in force."""

    past: list[tuple[int, int]]
    bits: int = 0
    mark_time: int = 0
    quorum_until: int = 0
    resumed: int = 0
    supported: int = 0
    supported_time: int = 0
    dropped: int = 0
    told: int = 0

    def in_force_since(self, window_ns: int, now: int, mark: int) -> list[int]:
        """Every mark that was in force at some time of the window."""
        eighth = window_ns // 8
        first = (now // eighth - 8) * eighth
        return [ticks for until, ticks in self.past if until >= first] + ([mark] if mark else [])


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What the reports make now."""

    mark: int
    bits: int
    dropped: int
    until: int
    outside: int
    clamped: int


def _middle(pairs: list[tuple[int, int]], near: int) -> int:
    """Weighted median of (price, weight); of two at an exact tie the one nearer to `near`, the lower when both are."""
    total, below = sum(weight for _price, weight in pairs), 0
    ordered = sorted(pairs)
    for place, (price, weight) in enumerate(ordered):
        below += weight
        if 2 * below > total:
            return price
        if 2 * below == total:
            other = ordered[place + 1][0]
            return price if near - price <= other - near else other
    return 0


def _joined(estimator: int, inner: int, heard: list[tuple[int, int, int]], near: int) -> int:
    """One price of (price, weight, committee)."""
    if estimator == Estimator.COMMITTEE:
        members = dict.fromkeys(member for _price, _weight, member in heard)
        outer = []
        for member in members:
            own = [(price, weight) for price, weight, of in heard if of == member]
            alike = [(price, 1) for price, _weight in own]
            outer.append((_middle(alike if inner == Estimator.MEDIAN else own, near), sum(w for _p, w in own)))
        return _middle(outer, near)
    if estimator == Estimator.WEIGHTED_MEAN and len(heard) >= 3:
        mean = Fraction(sum(price * weight for price, weight, _of in heard), sum(weight for _p, weight, _of in heard))
        return max(int(mean), 1)
    even = estimator == Estimator.MEDIAN
    return _middle([(price, 1 if even else weight) for price, weight, _of in heard], near)


def appraise(books: Any, instrument: int) -> Appraisal:
    """The mark the reports of a market make now, and what is wrong with it."""
    rules, now = books.rules, books.time_ns
    terms, policy, market = rules.pricing[instrument], rules.policy, books.markets[instrument]
    near = books.marks[instrument]
    least = terms["sources_min"] or policy["sources_min"]
    found: dict[int, int] = {}
    ends: list[float] = []
    every: list[int] = []
    dropped = 0
    for kind in SourceKind:
        if not policy["mark_components"] >> kind & 1:
            continue
        heard = []
        for source in range(rules.sources):
            feed = rules.feeds[instrument * rules.sources + source]
            report = books.reports[instrument * rules.sources + source]
            if not feed["weight"] or feed["kind"] != kind or not report.price:
                continue
            price, stamp = report.heard(now, feed["delay_ns"])
            age = feed["age_max_ns"]
            if age and now - stamp > age:
                continue
            heard.append((source, price, feed["weight"], feed["committee"], stamp + age if age else float("inf")))
        bound, is_split = terms["deviation_ppm"], False
        if len(heard) > 1 and bound:
            center = _middle([(price, 1) for _s, price, _w, _c, _e in heard], near)
            apart = sum(Fraction(abs(price - center), center) > Fraction(bound, PPM) for _s, price, *_r in heard)
            is_split = 0 < terms["breaches_min"] <= apart
            kept = []
            for source, price, weight, member, end in heard:
                if not is_split and Fraction(abs(price - center), center) > Fraction(bound, PPM):
                    dropped |= 1 << source
                    if terms["deviation_breach"] == Breach.DROP:
                        continue
                    reach = center * bound // PPM
                    price = max(center + reach if price > center else center - reach, 1)
                kept.append((source, price, weight, member, end))
            heard = kept
        ends += [end for *_rest, end in heard]
        every += [price for _s, price, *_rest in heard]
        if heard:
            estimator = terms["estimator"] if kind == SourceKind.SPOT else Estimator.WEIGHTED_MEDIAN
            estimator = Estimator.MEDIAN if is_split else estimator
            found[kind] = _joined(estimator, terms["inner"], [(p, w, c) for _s, p, w, c, _e in heard], near)
    if not found or len(ends) < least:
        return Appraisal(0, 1 << Condition.BELOW_QUORUM, dropped, 0, 0, 0)
    end = sorted(ends, reverse=True)[least - 1]
    until = 2**62 - 1 if end == float("inf") else int(end)
    bits = 0
    if terms["dispersion_ppm"] and (max(every) - min(every)) * PPM // min(every) > terms["dispersion_ppm"]:
        bits |= 1 << Condition.UNCERTAIN
    outside = found.get(SourceKind.SPOT) or found.get(SourceKind.PERP, 0)
    bound = terms["divergence_ppm"]
    if outside and bound and any(abs(price - outside) * PPM > outside * bound for price in found.values()):
        bits |= 1 << Condition.DIVERGING
    if policy["mark_combiner"] == MarkCombiner.FIRST:
        mark = next(found[kind] for kind in (SourceKind.MARK, SourceKind.SPOT, SourceKind.PERP) if kind in found)
    else:
        mark = _middle([(price, 1) for price in found.values()], near)
    clamped = 0
    if terms["own_band_ppm"] and SourceKind.MARK in found:
        silent = terms["fallback_ns"] and now - market.supported_time > terms["fallback_ns"]
        said = outside or (0 if silent else market.supported)
        if said:
            reach = said * terms["own_band_ppm"] // PPM
            held = median_low([said - reach, mark, said + reach])
            mark, clamped = held, 2 if held != mark else 0
    if near:
        bottom, top = 1, rules.contracts[instrument]["price_max_ticks"]
        for name, length in WINDOWS_NS.items():
            if terms[name]:
                seen = market.in_force_since(length, now, near)
                low, high = min(seen), max(seen)
                bottom = max(bottom, min(high - high * terms[name] // PPM, near))
                top = min(top, max(low + low * terms[name] // PPM, near))
        held = median_low([bottom, mark, top])
        if held != mark:
            bits |= 1 << Condition.DIVERGING
            mark, clamped = held if terms["anchor_breach"] == Breach.CLAMP else near, 1
        step = terms["step_ppm"]
        if step and Fraction(abs(mark - near), near) > Fraction(step, PPM):
            bits |= 1 << Condition.DIVERGING
            if terms["step_breach"] == Breach.CLAMP:
                reach = max(near * step // PPM, 1)
                mark, clamped = near + reach if mark > near else near - reach, 3
            elif terms["stale_ns"] and now - market.mark_time <= terms["stale_ns"]:
                return Appraisal(0, bits, dropped, 0, 0, 0)
    return Appraisal(mark, bits, dropped, until, outside, clamped)


def bits_now(books: Any, instrument: int) -> int:
    """Conditions of a market's price, those of time included."""
    market, terms, now = books.markets[instrument], books.rules.pricing[instrument], books.time_ns
    bits = market.bits
    if terms["stale_ns"] and books.marks[instrument]:
        recent = terms["grace_ns"] and market.resumed and now - market.resumed < terms["grace_ns"]
        if now - market.mark_time > terms["stale_ns"] or recent:
            bits |= 1 << Condition.STALE
    if market.quorum_until and now > market.quorum_until:
        bits |= 1 << Condition.BELOW_QUORUM
    return int(bits)


def nobody_confirms(books: Any, instrument: int) -> bool:
    """True when a market's price is silent of itself: too old, or without a quorum. A grace is no silence."""
    market, terms, now = books.markets[instrument], books.rules.pricing[instrument], books.time_ns
    if market.bits & (1 << Condition.STALE | 1 << Condition.BELOW_QUORUM):
        return True
    overdue = market.quorum_until and now > market.quorum_until
    old = terms["stale_ns"] and books.marks[instrument] and now - market.mark_time > terms["stale_ns"]
    return bool(overdue or old)


def answer(books: Any, instrument: int, action: str) -> Answer:
    """What the table says to an action in a market now: the strictest over all that is wrong."""
    bits = bits_now(books, instrument)
    rows = books.rules.remedies
    return Answer(max((rows[bit][action] for bit in range(len(rows)) if bits >> bit & 1), default=Answer.ALLOW))


def careful_price(books: Any, instrument: int) -> int:
    """Price at which collateral counts for opening and leaving."""
    strictest = max(answer(books, instrument, "open"), answer(books, instrument, "withdraw"))
    mark: int = books.marks[instrument]
    if strictest == Answer.REFUSE:
        return 0
    if strictest == Answer.CONSERVATIVE:
        return min(books.markets[instrument].in_force_since(60 * MINUTE_NS, books.time_ns, mark), default=0)
    return mark


def dear_price(books: Any, instrument: int) -> int:
    """Price at which what is owed counts for opening and leaving."""
    strictest = max(answer(books, instrument, "open"), answer(books, instrument, "withdraw"))
    mark: int = books.marks[instrument]
    if strictest == Answer.ALLOW:
        return mark
    return max(books.markets[instrument].in_force_since(60 * MINUTE_NS, books.time_ns, mark), default=mark)


def doubt(books: Any, account: int) -> int:
    """What the best marks of the hour would add to an account where liquidation at the marks in force is refused."""
    best = 0
    book = books.accounts[account]

    def seen(instrument: int) -> list[int]:
        return books.markets[instrument].in_force_since(60 * MINUTE_NS, books.time_ns, books.marks[instrument])  # type: ignore[no-any-return]

    for instrument, position in book.positions.items():
        if position.lots and answer(books, instrument, "liquidate") == Answer.REFUSE:
            price = max(seen(instrument)) if position.lots > 0 else min(seen(instrument))
            best += books.marked(instrument, position.lots, price) - books.marked(instrument, position.lots)
    for asset, amount in book.holdings.items():
        terms = books.rules.assets[asset]
        instrument = terms["price_instrument"]
        if answer(books, instrument, "liquidate") == Answer.REFUSE:
            better = max(seen(instrument)) if amount > 0 else min(seen(instrument))
            moved = abs(better - books.marks[instrument])
            weight = terms["maintenance_ppm"] if amount > 0 else max(terms["liability_maintenance_ppm"], PPM)
            best += abs(amount) * moved * terms["value_num"] // terms["value_den"] * weight // PPM
    return best
