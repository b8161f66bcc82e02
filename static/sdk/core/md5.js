/**
 * MD5 (RFC 1321) of a text's UTF-8 bytes. The wire wants passwords in this form; browsers do not offer it.
 * It hides nothing: the connection's own encryption does.
 */

const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];
const SINES = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);
const START = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];

/** The message, the bit 1, zeros, and the length in bits, as little-endian words; a multiple of 16 words. */
function padded(bytes) {
  const blocks = Math.floor((bytes.length + 8) / 64) + 1;
  const buffer = new Uint8Array(blocks * 64);
  buffer.set(bytes);
  buffer[bytes.length] = 0x80;
  const view = new DataView(buffer.buffer);
  view.setUint32(buffer.length - 8, (bytes.length << 3) >>> 0, true);
  view.setUint32(buffer.length - 4, Math.floor(bytes.length / 2 ** 29), true);
  return Array.from({ length: blocks * 16 }, (_, i) => view.getInt32(i * 4, true));
}

/** The mixing function of a round and which word of the block its step takes. */
function mix(i, b, c, d) {
  if (i < 16) return [(b & c) | (~b & d), i];
  if (i < 32) return [(d & b) | (~d & c), (5 * i + 1) % 16];
  if (i < 48) return [b ^ c ^ d, (3 * i + 5) % 16];
  return [c ^ (b | ~d), (7 * i) % 16];
}

function rotate(word, bits) {
  return (word << bits) | (word >>> (32 - bits));
}

function addBlock(state, block) {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i += 1) {
    const [f, g] = mix(i, b, c, d);
    const turned = rotate((a + f + SINES[i] + block[g]) | 0, SHIFTS[i >> 4][i & 3]);
    [a, b, c, d] = [d, (b + turned) | 0, b, c];
  }
  return [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
}

/** 32 lower-case hex digits. */
export function md5(text) {
  const words = padded(new TextEncoder().encode(text));
  let state = START;
  for (let at = 0; at < words.length; at += 16) state = addBlock(state, words.slice(at, at + 16));
  const view = new DataView(new ArrayBuffer(16));
  state.forEach((word, i) => view.setInt32(i * 4, word, true));
  return Array.from(new Uint8Array(view.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
