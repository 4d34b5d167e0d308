/** A list of numbers that grows: eight bytes each, however many customers there are. */
export interface Column {
  push(value: number): void
  readonly length: number
  /** the values so far, without a copy */
  values(): Float64Array
}

export function createColumn(): Column {
  let data = new Float64Array(1024)
  let length = 0
  return {
    push(value) {
      if (length === data.length) {
        const wider = new Float64Array(2 * length)
        wider.set(data)
        data = wider
      }
      data[length++] = value
    },
    get length() {
      return length
    },
    values: () => data.subarray(0, length),
  }
}
