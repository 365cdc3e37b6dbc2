"""Values of the points of a .vxp package: docs/format.md, sections 9 and 10."""

import math

import numpy as np

from vxp_container import BadData
from vxp_entropy import Model, RangeDecoder, clamp

_LIMIT = 2**28
_ENERGY_CLASSES = (0, 2, 5, 9, 14, 21, 32, 50, 80, 140, 300)
_ENERGY_PLACES = ((0, 0, -1), (0, -1, 0), (-1, 0, 0))


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
        return ((w2 << 16) + (w1 + w2) // 2) // (w1 + w2)


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
                total = total + weight * (tap.values - node.values)
                weight_sum += weight
        g[8 + c] = (total * -(-2**20 // weight_sum) + 2**19 >> 20) + np.zeros_like(node.values)
    predictions = {}
    for i in range(7, 0, -1):
        first, second = g[2 * i], g[2 * i + 1]
        if first is None or second is None:
            g[i] = second if first is None else first
            continue
        g[i] = first + ((second - first) * heap.share(i) + 2**15 >> 16)
        predictions[i] = np.clip((second - first) * gains + 4 >> 3, -_LIMIT, _LIMIT)
    return predictions


class GroupDecoder:
    """Coefficients of one group of channels."""

    def __init__(self, data, name, first_channel, size, depth):
        self.decoder = RangeDecoder(data, name)
        self.model = Model(self.decoder, 160)
        self.channels = range(first_channel, first_channel + size)
        self.depth = depth

    def _context(self, node, heap, i, channel, prediction, magnitudes, own):
        """What the counters depend on; magnitudes: of this entry's channels of the group so far."""
        parent = node.parent.activity[channel] if node.parent else 0
        energy = 2 * parent
        for offset in _ENERGY_PLACES:
            other = node.around.get(offset)
            same_depth = other is not None and other.depth == node.depth
            energy += other.activity[channel] if same_depth else parent
        k = len(magnitudes)
        before = sum(min(magnitude, 1024) for magnitude in magnitudes)
        w1, w2 = heap.weights[2 * i], heap.weights[2 * i + 1]
        predicted = abs(prediction).bit_length() - heap.scale(i).bit_length() + 15
        height = min(3, self.depth - 1 - node.depth)
        axis = 0 if i == 1 else 1 if i <= 3 else 2
        energy_class = sum(1 for limit in _ENERGY_CLASSES if limit < energy)
        before_class = before if before <= 3 else 4 if before <= 6 else 5
        last = min(2, magnitudes[-1]) if k >= 1 else 0
        last2 = min(2, magnitudes[-2]) if k >= 2 else 0
        keys = (("a", k, energy_class, before_class, height),
                ("b", k, clamp(predicted, 0, 7), min(3, own), min(3, min(w1, w2).bit_length() - 1),
                 before_class),
                ("c", k, min(7, parent.bit_length()), axis, last, last2, height))
        return k, energy_class, keys, (k, height, axis)

    def coefficient(self, *context):
        k, energy, keys, weight_key = self._context(*context)
        model = self.model
        if not model.mixed_bit([("zero",) + key for key in keys], ("zero",) + weight_key):
            return 0
        negative = self.decoder.even()
        if not model.mixed_bit([("more",) + key for key in keys], ("more",) + weight_key):
            return -1 if negative else 1
        magnitude = 2
        while magnitude < 15 and model.bit(("tail", k, energy, magnitude)):
            magnitude += 1
        if magnitude == 15:
            magnitude = min(2**24, 15 + self._escape(k) - 1)
        return -magnitude if negative else magnitude

    def _escape(self, k):
        length = 0
        while length < 24 and self.model.bit(("escape", k, length)):
            length += 1
        value = 1
        for _ in range(length):
            value = 2 * value + self.decoder.even()
        return value


def _difference(channel, q, scale, prediction):
    size = (abs(q) << 6) - (channel.bias_one if abs(q) == 1 else channel.bias_more)
    value = (size * scale + 2**17 >> 18) * (-1 if q < 0 else 1) if q else 0
    return clamp(prediction + value, -_LIMIT, _LIMIT)


def _decode_node(node, field, groups):
    """Sets the node's activity and the values of its children."""
    heap, count = Heap(node), field.channel_count
    gains = np.array([channel.gain[node.depth] for channel in field.channels], np.int64)
    predictions = _predictions(node, heap, gains)
    values = [None] * 16
    values[1] = node.values
    sums, largest = [0] * count, [0] * count
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
                q = group.coefficient(node, heap, i, j, prediction, magnitudes, largest[j])
                magnitudes.append(abs(q))
                sums[j] += abs(q)
                largest[j] = max(largest[j], abs(q))
                difference = _difference(field.channels[j], q, scale, prediction)
                first[j] = clamp(int(values[i][j]) - (difference * share + 2**15 >> 16), -_LIMIT, _LIMIT)
                second[j] = clamp(int(first[j]) + difference, -_LIMIT, _LIMIT)
        values[2 * i], values[2 * i + 1] = first, second
    for c in range(8):
        if node.children[c]:
            node.children[c].values = values[8 + c]
    split_count = len(heap.splits())
    if split_count:
        node.activity = [min(255, 8 * total // split_count) for total in sums]


def _to_floats(numbers, field):
    steps = np.array([channel.step for channel in field.channels], np.float64)
    curved = np.array([channel.curve == 1 for channel in field.channels])
    v = numbers * steps / 256
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
    """Density [n] and features [n, C] as f32; sections: the bytes of every group, in order."""
    field, groups, first = tree.field, [], 0
    if field.point_count == 0:
        if any(sections):
            raise BadData("attributes: bytes for no points")
        sections = ()
    for i, (data, size) in enumerate(zip(sections, field.group_sizes)):
        groups.append(GroupDecoder(data, f"attributes {i}", first, size, field.depth))
        first += size
    _set_weights(tree)
    for nodes in tree.depths:
        for node in nodes:
            node.activity = node.parent.activity if node.parent else [0] * field.channel_count
            if node.parent is None:
                node.values = np.array([channel.root for channel in field.channels], np.int64)
            if not node.is_point():
                _decode_node(node, field, groups)
    for group in groups:
        group.decoder.check_end()
    numbers = np.array([point.values for point in tree.points()], np.int64)
    floats = _to_floats(numbers.reshape(-1, field.channel_count), field)
    features = floats[:, 1:].copy()
    if field.colour_transform:
        _undo_colour_transform(features, kind)
    return floats[:, 0].copy(), features
