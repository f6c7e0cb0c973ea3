/*
 * Logarithm, exponential and power from + − × ÷ alone. Math.log, Math.exp and Math.pow may differ in the
 * last bits between JavaScript engines; these do not, so a recording has the same bytes everywhere.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT2 = Math.SQRT2;

/* Coefficients of the series: constants, since a division takes as long as ten products. */
const C3 = 1 / 3;
const C5 = 1 / 5;
const C7 = 1 / 7;
const C9 = 1 / 9;
const C11 = 1 / 11;
const C13 = 1 / 13;
const C15 = 1 / 15;
const C17 = 1 / 17;
const C19 = 1 / 19;
const C21 = 1 / 21;
const E3 = 1 / 6;
const E4 = 1 / 24;
const E5 = 1 / 120;
const E6 = 1 / 720;
const E7 = 1 / 5040;
const E8 = 1 / 40320;
const E9 = 1 / 362880;
const E10 = 1 / 3628800;
const E11 = 1 / 39916800;
const E12 = 1 / 479001600;
const E13 = 1 / 6227020800;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
/** Index of the half that holds sign and exponent (1 on little-endian machines). */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** 2 to the power of an integer in [-1022, 1023]. */
function powerOfTwo(exponent: number): number {
  words[1 - HIGH] = 0;
  words[HIGH] = (exponent + 1023) << 20;
  return float[0];
}

/** Natural logarithm; relative error below 1e-15 away from 1. NaN below 0, -Infinity at 0. */
export function ln(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let exponent = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984; // 2^54: a subnormal becomes normal
    exponent = -54;
  }
  float[0] = x;
  exponent += (words[HIGH] >>> 20) - 1023;
  words[HIGH] = (words[HIGH] & 0xfffff) | (1023 << 20);
  let mantissa = float[0];
  if (mantissa > SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // ln m = 2 artanh s with s = (m − 1) / (m + 1), |s| < 0.172
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  const series =
    (((((((((C21 * z + C19) * z + C17) * z + C15) * z + C13) * z + C11) * z + C9) * z + C7) * z + C5) * z +
      C3) *
    z;
  return exponent * LN2_HIGH + (2 * s + 2 * s * series + exponent * LN2_LOW);
}

/** e to the power of x; relative error below 1e-15. Infinity above 709.78…, 0 below −745.13…. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x / (LN2_HIGH + LN2_LOW) + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW; // |r| < 0.347
  // Taylor's series to r^13, in pairs: what follows is below 1e-17.
  const r2 = r * r;
  const r4 = r2 * r2;
  const high = E8 + E9 * r + (E10 + E11 * r) * r2 + (E12 + E13 * r) * r4;
  const sum = 1 + (r + (r2 * (0.5 + E3 * r) + r4 * (E4 + E5 * r + (E6 + E7 * r) * r2 + high * r4)));
  // Two factors, since 2^k alone may overflow or be subnormal.
  const half = k >> 1;
  return sum * powerOfTwo(half) * powerOfTwo(k - half);
}

/** x to the power of y for x >= 0; relative error below 1e-13 for results between 1e-100 and 1e100. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (y === 1) return x;
  if (y === 2) return x * x;
  if (y === 3) return x * x * x;
  return exp(y * ln(x));
}
