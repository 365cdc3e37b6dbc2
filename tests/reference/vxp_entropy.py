"""Range decoder, counters, mixes and symbols of a .vxp package: docs/format.md, sections 6 and 7."""

from vxp_container import BadData

_KNOTS = (32768, 36843, 40793, 44511, 47911, 50941, 53581, 55834, 57724, 59287, 60565, 61598,
          62428, 63090, 63615, 64030, 64357, 64614, 64816, 64974, 65097, 65194, 65269, 65328,
          65374, 65410, 65438, 65459, 65476, 65489, 65500, 65508, 65514)


def clamp(value, low, high):
    return low if value < low else high if value > high else value


def _squash(x):
    if x < 0:
        return 65536 - _squash(-x)
    n, f = x >> 6, x & 63
    return _KNOTS[n] + ((_KNOTS[n + 1] - _KNOTS[n]) * f >> 6)


# _SQUASH[x + 2047] is squash(x) for x = -2047..2047.
_SQUASH = [_squash(x) for x in range(-2047, 2048)]


def _make_stretch():
    table, x = [], -2047
    for i in range(4096):
        while x < 2047 and _SQUASH[x + 2047] < 16 * i + 8:
            x += 1
        table.append(x)
    return table


_STRETCH = _make_stretch()
_RATE = [131072 // (2 * n + 3) for n in range(256)]


class RangeDecoder:
    """Reads decisions from the bytes of one section."""

    def __init__(self, data, name):
        self.data, self.name, self.position = data, name, 0
        self.range, self.code = 2**32 - 1, 0
        for _ in range(4):
            self.code = self.code << 8 | self._next_byte()

    def _next_byte(self):
        byte = self.data[self.position] if self.position < len(self.data) else 0
        self.position += 1
        return byte

    def decode(self, p1):
        bound = (self.range >> 16) * p1
        if self.code < bound:
            self.range, bit = bound, 1
        else:
            self.code -= bound
            self.range -= bound
            bit = 0
        while self.range < 2**24:
            self.code = (self.code << 8 | self._next_byte()) & 0xFFFFFFFF
            self.range = self.range << 8 & 0xFFFFFFFF
        return bit

    def even(self):
        return self.decode(32768)

    def check_end(self, padded_size=0):
        """Refuses a section that is longer or shorter than its code; zeros up to padded_size may follow."""
        if self.position > len(self.data):
            raise BadData(f"{self.name}: ends {self.position - len(self.data)} bytes too early")
        rest = self.data[self.position:]
        if rest and (len(self.data) != padded_size or any(rest)):
            raise BadData(f"{self.name}: {len(rest)} bytes after the last decision")


class Model:
    """Counters and weight sets by key, all of one update limit; made when first used."""

    def __init__(self, decoder, limit):
        self.decoder, self.limit = decoder, limit
        self.counters, self.weights = {}, {}

    def _counter(self, key):
        counter = self.counters.get(key)
        if counter is None:
            counter = self.counters[key] = [32768, 0]
        return counter

    def _update(self, counter, bit):
        counter[0] += ((65535 if bit else 0) - counter[0]) * _RATE[counter[1]] >> 16
        if counter[1] < self.limit:
            counter[1] += 1

    def bit(self, key):
        """A decision with one counter."""
        counter = self._counter(key)
        bit = self.decoder.decode(clamp(counter[0], 24, 65512))
        self._update(counter, bit)
        return bit

    def mixed_bit(self, keys, weight_key):
        """A decision with three counters and a weight set."""
        weights = self.weights.setdefault(weight_key, [27306] * 3)
        counters = [self._counter(key) for key in keys]
        s = [_STRETCH[counter[0] >> 4] for counter in counters]
        joined = sum(w * x for w, x in zip(weights, s)) >> 16
        p1 = clamp(_SQUASH[clamp(joined, -2047, 2047) + 2047], 24, 65512)
        bit = self.decoder.decode(p1)
        error = (65536 if bit else 0) - p1
        for i in range(3):
            weights[i] = clamp(weights[i] + (s[i] * error + 2**17 >> 18), -2**20, 2**20)
            self._update(counters[i], bit)
        return bit


class SymbolTable:
    """Counts of 16 symbols and where each begins in 0..32767."""

    def __init__(self, counts):
        self.counts = list(counts)
        self._update()

    def _update(self):
        if sum(self.counts) > 49152:
            self.counts = [(count + 1) // 2 for count in self.counts]
        total = sum(self.counts)
        scale, below, self.starts = (32752 << 32) // total, 0, [0]
        for s in range(1, 16):
            below += self.counts[s - 1]
            self.starts.append(s + (below * scale >> 32))
        self.starts.append(32768)
        self.left = clamp(total // 16, 1, 1024)

    def find(self, slot):
        return max(s for s in range(16) if self.starts[s] <= slot)

    def count(self, symbol):
        self.counts[symbol] += 8
        self.left -= 1
        if self.left == 0:
            self._update()


class SymbolDecoder:
    """Reads symbols from the bytes of one section."""

    def __init__(self, data, name):
        self.data, self.name, self.position = data, name, 0
        self.state = self._next_word()
        self.state |= self._next_word() << 32

    def _next_word(self):
        word = int.from_bytes(self.data[self.position:self.position + 4].ljust(4, b"\0"), "little")
        self.position += 4
        return word

    def _refill(self):
        if self.state < 2**31:
            self.state = self.state << 32 | self._next_word()

    def symbol(self, table):
        slot = self.state & 32767
        symbol = table.find(slot)
        start = table.starts[symbol]
        self.state = (table.starts[symbol + 1] - start) * (self.state >> 15) + slot - start
        self._refill()
        table.count(symbol)
        return symbol

    def even(self, bits):
        value = self.state & (1 << bits) - 1
        self.state >>= bits
        self._refill()
        return value

    def check_end(self):
        """Refuses a section that is longer or shorter than its symbols, or does not end as it must."""
        if self.position != len(self.data) or self.state != 2**31:
            raise BadData(f"{self.name}: {len(self.data)} bytes, the symbols take {self.position}, "
                          f"state {self.state:x}")


class PlainDecoder:
    """Reads coefficients of fixed widths from what follows the method of one section."""

    def __init__(self, data, name, channel_count):
        self.name, self.widths, self.position = name, list(data[:channel_count]), 0
        if len(self.widths) < channel_count or max(self.widths) > 26:
            raise BadData(f"{name}: widths {self.widths}")
        body = data[channel_count:]
        self.bits, self.bit_count = int.from_bytes(body, "little"), 8 * len(body)

    def coefficient(self, k):
        """The next one, of channel k of the group."""
        width = self.widths[k]
        value = self.bits >> self.position & (1 << width) - 1
        self.position += width
        q = value - (1 << width) if value >> max(0, width - 1) & 1 else value
        if self.position > self.bit_count or abs(q) > 2**24:
            raise BadData(f"{self.name}: cut, or a coefficient of {q}")
        return q

    def check_end(self):
        """Refuses whole bytes that are left over, and filling bits that are not 0."""
        if self.bit_count - self.position > 7 or self.bits >> self.position:
            raise BadData(f"{self.name}: {self.bit_count} bits, the coefficients take {self.position}")
