// Real spherical harmonics y0 .. of the direction d as statements of a shader (docs/field-format.md,
// "Appearance").
const terms = [
  '0.28209479177387814',
  '-0.48860251190291987 * d.y',
  '0.48860251190291987 * d.z',
  '-0.48860251190291987 * d.x',
  '1.0925484305920792 * d.x * d.y',
  '-1.0925484305920792 * d.y * d.z',
  '0.31539156525252005 * (3.0 * d.z * d.z - 1.0)',
  '-1.0925484305920792 * d.x * d.z',
  '0.5462742152960396 * (d.x * d.x - d.y * d.y)',
  '-0.5900435899266435 * d.y * (3.0 * d.x * d.x - d.y * d.y)',
  '2.890611442640554 * d.x * d.y * d.z',
  '-0.4570457994644658 * d.y * (5.0 * d.z * d.z - 1.0)',
  '0.3731763325901154 * d.z * (5.0 * d.z * d.z - 3.0)',
  '-0.4570457994644658 * d.x * (5.0 * d.z * d.z - 1.0)',
  '1.445305721320277 * d.z * (d.x * d.x - d.y * d.y)',
  '-0.5900435899266435 * d.x * (d.x * d.x - 3.0 * d.y * d.y)',
];

export function harmonics(count) {
  return terms.slice(0, count).map((term, k) => `  float y${k} = ${term};`).join('\n');
}
