// Parameters in PostgreSQL's binary form (`array_recv`, `uuid_recv`): reading an array of text, quotes and escapes included, is
// a good part of what a statement over a thousand ids costs the server. The driver sends a Buffer as it is.

const oid = { bytea: 17, int2: 21, int4: 23, text: 25, float8: 701, uuid: 2950 }
const headBytes = 20

function head(out: Buffer, elementType: number, count: number, hasNulls = false): void {
  // one dimension, counted from 1
  out.writeInt32BE(1, 0)
  out.writeInt32BE(hasNulls ? 1 : 0, 4)
  out.writeInt32BE(elementType, 8)
  out.writeInt32BE(count, 12)
  out.writeInt32BE(1, 16)
}

/** `uuid[]`; an id is 36 characters with hyphens. Throws RangeError at anything else. */
export function uuidArray(ids: readonly (string | null)[]): Buffer {
  const out = Buffer.alloc(headBytes + ids.length * 20)
  head(out, oid.uuid, ids.length, ids.includes(null))
  let at = headBytes
  for (const id of ids) {
    if (id !== null && (id.length !== 36 || out.write(id.replaceAll('-', ''), at + 4, 'hex') !== 16))
      throw new RangeError(`${id} is no UUID`)
    at = out.writeInt32BE(id === null ? -1 : 16, at) + (id === null ? 0 : 16)
  }
  return out.subarray(0, at)
}

/** Elements of one width. */
function fixedArray(
  elementType: number,
  width: number,
  values: readonly number[],
  write: (out: Buffer, value: number, at: number) => void,
): Buffer {
  const out = Buffer.alloc(headBytes + values.length * (4 + width))
  head(out, elementType, values.length)
  values.forEach((value, i) => {
    const at = out.writeInt32BE(width, headBytes + i * (4 + width))
    write(out, value, at)
  })
  return out
}

/** `int[]`; throws RangeError at a value beyond it. */
export const intArray = (values: readonly number[]): Buffer =>
  fixedArray(oid.int4, 4, values, (out, value, at) => out.writeInt32BE(value, at))

/** `smallint[]`; throws RangeError at a value beyond it. */
export const smallintArray = (values: readonly number[]): Buffer =>
  fixedArray(oid.int2, 2, values, (out, value, at) => out.writeInt16BE(value, at))

/** `float8[]` */
export const floatArray = (values: readonly number[]): Buffer =>
  fixedArray(oid.float8, 8, values, (out, value, at) => out.writeDoubleBE(value, at))

/** `text[]` */
export function textArray(values: readonly (string | null)[]): Buffer {
  const out = Buffer.alloc(headBytes + values.reduce((sum, value) => sum + 4 + Buffer.byteLength(value ?? ''), 0))
  head(out, oid.text, values.length, values.includes(null))
  let at = headBytes
  for (const value of values) {
    const bytes = value === null ? -1 : out.write(value, at + 4)
    out.writeInt32BE(bytes, at)
    at += 4 + Math.max(0, bytes)
  }
  return out
}

/** `bytea[]` */
export function byteaArray(values: readonly Buffer[]): Buffer {
  const out = Buffer.alloc(headBytes + values.reduce((sum, value) => sum + 4 + value.length, 0))
  head(out, oid.bytea, values.length)
  let at = headBytes
  for (const value of values) {
    out.writeInt32BE(value.length, at)
    at += 4 + value.copy(out, at + 4)
  }
  return out
}
