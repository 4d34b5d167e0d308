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

/** `int[]`; throws RangeError at a value beyond it. */
export function intArray(values: readonly number[]): Buffer {
  const out = Buffer.alloc(headBytes + values.length * 8)
  head(out, oid.int4, values.length)
  values.forEach((value, i) => {
    out.writeInt32BE(4, headBytes + i * 8)
    out.writeInt32BE(value, headBytes + i * 8 + 4)
  })
  return out
}

/** `smallint[]`; throws RangeError at a value beyond it. */
export function smallintArray(values: readonly number[]): Buffer {
  const out = Buffer.alloc(headBytes + values.length * 6)
  head(out, oid.int2, values.length)
  values.forEach((value, i) => {
    out.writeInt32BE(2, headBytes + i * 6)
    out.writeInt16BE(value, headBytes + i * 6 + 4)
  })
  return out
}

/** `float8[]` */
export function floatArray(values: readonly number[]): Buffer {
  const out = Buffer.alloc(headBytes + values.length * 12)
  head(out, oid.float8, values.length)
  values.forEach((value, i) => {
    out.writeInt32BE(8, headBytes + i * 12)
    out.writeDoubleBE(value, headBytes + i * 12 + 4)
  })
  return out
}

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
