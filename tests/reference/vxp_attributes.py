"""Values of the points of a .vxp package: docs/format.md, sections 9 and 10."""

import math

import numpy as np

from vxp_container import BadData
from vxp_entropy import PlainDecoder, SymbolDecoder, SymbolTable, clamp

_LIMIT = 2**24
_BEFORE = ((0, 0, -1), (0, -1, 0), (-1, 0, 0))


def _set_weights(tree):
    field = tree.field
    for nodes in reversed(tree.depths):
        for node in nodes:
            if node.is_point():
                node.weight = 2 ** min(16, field.level_weight_shift * (node.level - field.min_level))
            else:
                node.weight = min(65536, sum(child.weight for child in node.children if child))


class Heap:
    """The halvings of one node: entries 1..15 by number; weights of absent ones are 0."""

    def __init__(self, node):
        self.weights = [0] * 16
        for c in range(8):
            if node.children[c]:
                self.weights[8 + c] = node.children[c].weight
        for i in range(7, 0, -1):
            self.weights[i] = min(65536, self.weights[2 * i] + self.weights[2 * i + 1])

    def is_split(self, i):
        return self.weights[2 * i] > 0 and self.weights[2 * i + 1] > 0

    def splits(self):
        return [i for i in range(1, 8) if self.is_split(i)]

    def scale(self, i):
        w1, w2 = self.weights[2 * i], self.weights[2 * i + 1]
        return math.isqrt(((w1 + w2) << 40) // (w1 * w2))

    def share(self, i):
        w1, w2 = self.weights[2 * i], self.weights[2 * i + 1]
        return ((w2 << 12) + (w1 + w2) // 2) // (w1 + w2)


def _predictions(node, heap, gains):
    """{heap entry: prediction of every channel}; gains: those of this depth, per channel."""
    g = [None] * 16
    for c in range(8):
        if node.children[c] is None:
            continue
        sx, sy, sz = (1 if c >> i & 1 else -1 for i in range(3))
        total, weight_sum = 0, 27
        for offset, weight in (((sx, 0, 0), 9), ((0, sy, 0), 9), ((0, 0, sz), 9), ((sx, sy, 0), 3),
                               ((sx, 0, sz), 3), ((0, sy, sz), 3), ((sx, sy, sz), 1)):
            tap = node.around.get(offset)
            if tap is not None:
                total = total + weight * np.clip(tap.values - node.values, -2**16, 2**16)
                weight_sum += weight
        g[8 + c] = (total * -(-2**14 // weight_sum) + 2**13 >> 14) + np.zeros_like(node.values)
    predictions = {}
    for i in range(7, 0, -1):
        first, second = g[2 * i], g[2 * i + 1]
        if first is None or second is None:
            g[i] = second if first is None else first
            continue
        g[i] = first + ((second - first) * heap.share(i) + 2**11 >> 12)
        predictions[i] = (second - first) * gains + 4 >> 3
    return predictions


def _first_counts(expected_class):
    """What the coefficients of a class are thought to be before there are any."""
    half = max(0, expected_class - 1)
    mean = 16 if expected_class == 0 else (2 + half % 2) << half // 2 + 4
    ratio = (mean << 16) // (mean + 4096)
    share = 65536 - ratio
    counts = [share * 128 >> 16]
    for _ in range(7):
        share = share * ratio >> 16
        counts += 2 * [share * 128 >> 17]
    return counts + [128 - sum(counts)]


def _expected_class(expected):
    if expected < 32:
        return 0
    width = expected.bit_length()
    return min(23, 2 * width - 11 + (expected >> width - 2 & 1))


class GroupDecoder:
    """Coefficients of one group of channels."""

    def __init__(self, name, first_channel, size):
        self.name, self.decoder, self.plain, self.tables = name, None, False, {}
        self.channels = range(first_channel, first_channel + size)

    def begin_layer(self, data):
        """The next coefficients are in the section `data`."""
        self.end_layer()
        if self.plain:
            self.tables = {}
        if not data or data[0] > 1:
            raise BadData(f"{self.name}: no method, or an unknown one")
        self.plain = data[0] == 1
        self.decoder = (PlainDecoder(data[1:], self.name, len(self.channels)) if self.plain
                        else SymbolDecoder(data[1:], self.name))

    def end_layer(self):
        if self.decoder:
            self.decoder.check_end()

    def _table(self, key, counts):
        if key not in self.tables:
            self.tables[key] = SymbolTable(counts)
        return self.tables[key]

    def coefficient(self, node, heap, i, channel, parameters, prediction, magnitudes, own):
        """q (from the tables or plain); own: sum of this channel's magnitudes so far in the node; magnitudes: of the group, this entry."""
        if self.plain:
            return self.decoder.coefficient(len(magnitudes))
        parent = node.parent.activity[channel] if node.parent else 0
        around = 0
        for offset in _BEFORE:
            other = node.around.get(offset)
            same_depth = other is not None and other.depth == node.depth
            around += other.activity[channel] if same_depth else parent
        last = min(15, magnitudes[-1]) if magnitudes else 0
        last2 = min(15, magnitudes[-2]) if len(magnitudes) >= 2 else 0
        ratio = min(64, min(2047, abs(prediction)) * (2**30 // heap.scale(i)) >> 14)
        own = min(31, own)
        w = parameters.context_weights[0 if i == 1 else 1 if i <= 3 else 2]
        constant = w[6] - 256 if w[6] >= 128 else w[6]
        expected = (parent * w[0] + around * w[1] + 8 * own * w[2] + 16 * last * w[3] +
                    16 * last2 * w[4] + 4 * ratio * w[5] + constant * abs(constant))
        e, k = _expected_class(expected), len(magnitudes)
        key = (k, e, ratio.bit_length(), own > 0, last > 0)
        symbol = self.decoder.symbol(self._table(key, _first_counts(e)))
        if symbol < 15:
            return (symbol + 1) // 2 * (1 if symbol % 2 else -1)
        more = self.decoder.symbol(self._table((k, e), [8] * 16))
        magnitude = 8 + more
        if more == 15:
            magnitude += self._rest()
        magnitude = min(2**24, magnitude)
        return -magnitude if self.decoder.even(1) else magnitude

    def _rest(self):
        length, value = min(24, self.decoder.even(5)), 1
        for part in (min(length, 15), max(0, length - 15)):
            value = value << part | self.decoder.even(part)
        return value - 1


def _difference(channel, q, scale, prediction):
    size = max(0, (abs(q) << 6) - (channel.bias_one if abs(q) == 1 else channel.bias_more))
    value = (size * scale + 2**17 >> 18) * (-1 if q < 0 else 1) if q else 0
    return clamp(prediction + value, -_LIMIT, _LIMIT)


def _decode_node(node, field, groups):
    """Sets the node's activity and the values of its children."""
    heap, count = Heap(node), field.channel_count
    gains = np.array([channel.gain[node.depth] for channel in field.channels], np.int64)
    predictions = _predictions(node, heap, gains)
    values = [None] * 16
    values[1] = node.values
    sums = [0] * count
    for i in range(1, 8):
        if heap.weights[i] == 0:
            continue
        if not heap.is_split(i):
            values[2 * i] = values[2 * i + 1] = values[i]
            continue
        scale, share = heap.scale(i), heap.share(i)
        first, second = np.zeros(count, np.int64), np.zeros(count, np.int64)
        for group in groups:
            magnitudes = []
            for j in group.channels:
                prediction = int(predictions[i][j])
                q = group.coefficient(node, heap, i, j, field.channels[j], prediction, magnitudes, sums[j])
                magnitudes.append(abs(q))
                sums[j] += abs(q)
                difference = _difference(field.channels[j], q, scale, prediction)
                first[j] = int(values[i][j]) - (difference * share + 2**11 >> 12)
                second[j] = int(first[j]) + difference
        values[2 * i], values[2 * i + 1] = first, second
    for c in range(8):
        if node.children[c]:
            node.children[c].values = values[8 + c]
    split_count = len(heap.splits())
    if split_count:
        node.activity = [min(255, 8 * total // split_count) for total in sums]


def _shape(point):
    """The shape of the places around a point."""
    occupied = [{offset for offset in point.around if sum(map(abs, offset)) == n} for n in (1, 2)]
    faces, edges = occupied
    pairs = sorted(sum(1 for offset in faces if offset[axis]) for axis in range(3))
    beside = [0, 0, 0]
    for edge in edges:
        sides = [tuple(v if i == axis else 0 for i, v in enumerate(edge)) for axis in range(3) if edge[axis]]
        beside[sum(1 for side in sides if side in faces)] += 1
    number = 9 * pairs[0] + 3 * pairs[1] + pairs[2]
    for count in (beside[1], beside[0], beside[2]):
        number = 13 * number + count
    return number


def _to_floats(numbers, field, offsets):
    steps = np.array([channel.step for channel in field.channels], np.float64)
    curved = np.array([channel.curve == 1 for channel in field.channels])
    v = numbers * steps / 256
    v[:, 0] += offsets * field.shape_step
    return np.where(curved, v + v * np.abs(v) / 4, v).astype(np.float32)


def _undo_colour_transform(features, kind):
    half = np.float32(0.5)
    for k in range({"rgb": 1, "sh1": 4, "sh2": 9, "mlp": 1}[kind]):
        y, co, cg = (features[:, 3 * k + i].copy() for i in range(3))
        t = y - cg * half
        green = cg + t
        blue = t - co * half
        features[:, 3 * k:3 * k + 3] = np.stack((blue + co, green, blue), axis=1)


def decode_values(sections, tree, kind):
    """Density [n] and features [n, C] as f32; sections: the bytes of every layer and group, in order."""
    field, groups, first = tree.field, [], 0
    if field.point_count == 0:
        if any(sections):
            raise BadData("attributes: bytes for no points")
        sections = ()
    for i, size in enumerate(field.group_sizes if field.point_count else ()):
        groups.append(GroupDecoder(f"attributes of group {i}", first, size))
        first += size
    _set_weights(tree)
    for depth, nodes in enumerate(tree.depths):
        if depth in field.layer_starts:
            layer = field.layer_starts.index(depth)
            for i, group in enumerate(groups):
                group.begin_layer(sections[layer * len(groups) + i])
        for node in nodes:
            node.activity = node.parent.activity if node.parent else [0] * field.channel_count
            if node.parent is None:
                node.values = np.array([channel.root for channel in field.channels], np.int64)
            if not node.is_point():
                _decode_node(node, field, groups)
    for group in groups:
        group.end_layer()
    numbers = np.array([point.values for point in tree.points()], np.int64)
    for c, channel in enumerate(field.channels if field.point_count else ()):
        if not channel.low <= numbers[:, c].min() <= numbers[:, c].max() <= channel.high:
            raise BadData(f"channel {c}: numbers outside of {channel.low}..{channel.high}")
    offsets = np.array([field.shape_offsets.get(_shape(point), 0) for point in tree.points()], np.float64)
    floats = _to_floats(numbers.reshape(-1, field.channel_count), field, offsets)
    features = floats[:, 1:].copy()
    if field.colour_transform:
        _undo_colour_transform(features, kind)
    return floats[:, 0].copy(), features
