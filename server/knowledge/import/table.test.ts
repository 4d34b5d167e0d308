import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvLine } from '#core/knowledge/csv-cell.ts'
import { readLimits } from './limits.ts'
import { readCsv } from './read-csv.ts'
import { openTable, type SourceRow } from './table.ts'

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length)
    if (to > from) yield bytes.subarray(from, to)
    from = Math.max(from, to)
  }
  if (from < bytes.length) yield bytes.subarray(from)
}

async function* texts(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  for await (const piece of pieces(Buffer.from(text), cuts)) yield piece.toString()
}

async function readAll(source: AsyncIterable<Buffer>) {
  const table = await openTable(source)
  const rows: SourceRow[] = []
  for await (const batch of table.rows) rows.push(...batch)
  return { headers: table.headers, format: table.format, delimiter: table.delimiter, encoding: table.encoding(), rows }
}
const whole = (text: string | Buffer) => readAll(pieces(Buffer.from(text), []))
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'read',
    (e: { code?: string }) => e.code,
  )

const cellText = fc.string({
  unit: fc.constantFrom('a', 'é', '"', ',', ';', '\n', '\r\n', ' ', '€', '漢', "'", '=', '\\', '1', '\t'),
  maxLength: 12,
})
const rowsOf = (width: number) =>
  fc.array(fc.array(cellText, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 })
const cuts = fc.array(fc.nat(3000), { maxLength: 60 })

describe('any chunk cut gives the rows of the whole file', () => {
  test('CSV in UTF-8, UTF-16 and gzip, and the rows are what was written', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf(3), cuts, fc.constantFrom('utf8', 'bom', 'utf16le', 'gzip'), async (rows, at, form) => {
        const solid = rows.map((r) => ['x', ...r])
        const text = csvLine(['key', 'b', 'c', 'd']) + solid.map(csvLine).join('')
        const plain =
          form === 'utf16le'
            ? Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
            : Buffer.from((form === 'bom' ? '\uFEFF' : '') + text)
        const bytes = form === 'gzip' ? gzipSync(plain) : plain
        const cut = await readAll(pieces(bytes, at))
        expect(cut).toEqual(await readAll(pieces(bytes, [])))
        const expected = solid.map((r) => r.map((c) => (/^'*[=+\-@\t\r]/.test(c) ? `'${c}` : c)))
        expect(cut.rows.map((r) => r.cells)).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })
  test('CSV in any encoding, row end, delimiter and quoting', async () => {
    // Letters that no mix of can be read as UTF-8, so that Latin-1 stays Latin-1.
    const latin = fc.string({
      unit: fc.constantFrom('a', 'é', 'ü', 'ñ', '"', '\n', '\r\n', ' ', ',', ';', '|', '\t'),
      maxLength: 9,
    })
    const wide = fc.string({
      unit: fc.constantFrom('a', 'é', '漢', '🥃', '\u2028', '"', '\r', '\n', ' ', ',', ';', '|', '\t'),
      maxLength: 9,
    })
    const table = (cell: fc.Arbitrary<string>): fc.Arbitrary<string[][]> =>
      fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 15 })
    const shape = {
      end: fc.constantFrom('\n', '\r\n', '\r'),
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      quoteAll: fc.boolean(),
      endsOpen: fc.boolean(),
      cuts,
    }
    const encode = (text: string, encoding: string): Buffer => {
      if (encoding === 'latin1') return Buffer.from(text, 'latin1')
      if (encoding === 'utf16be') return Buffer.from('\uFEFF' + text, 'utf16le').swap16()
      return Buffer.from((encoding === 'bom' ? '\uFEFF' : '') + text)
    }
    const holds = async (
      rows: string[][],
      encoding: string,
      how: { end: string; delimiter: string; quoteAll: boolean; endsOpen: boolean; cuts: number[] },
    ): Promise<void> => {
      const solid = [['key', 'b', 'c', 'd'], ...rows.map((r) => ['x', ...r])]
      const write = (cell: string): string =>
        how.quoteAll || /[",;|\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
      const lines = solid.map((r) => r.map(write).join(how.delimiter))
      const bytes = encode(lines.join(how.end) + (how.endsOpen ? '' : how.end), encoding)
      const cut = await readAll(pieces(bytes, how.cuts))
      expect(cut).toEqual(await readAll(pieces(bytes, [])))
      expect([cut.headers, ...cut.rows.map((r) => r.cells)]).toEqual(solid)
      expect(cut.rows.every((r) => r.fault === undefined)).toBe(true)
    }
    await fc.assert(
      fc.asyncProperty(table(latin), fc.record(shape), (rows, how) => holds(rows, 'latin1', how)),
      { numRuns: 100 },
    )
    await fc.assert(fc.asyncProperty(table(wide), fc.constantFrom('utf8', 'bom', 'utf16be'), fc.record(shape), holds), {
      numRuns: 200,
    })
  })
  test('cells with and without quotes are those that the parser alone finds', async () => {
    const wild = fc.string({
      unit: fc.constantFrom('a', 'b', '"', '""', ',', ',', '\n', '\n', '\r\n', '\r', ' ', '",', ',"'),
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(wild, cuts, async (text, at) => {
        const rows: SourceRow[] = []
        for await (const batch of readCsv(texts(text, at), ',', readLimits)) rows.push(...batch)
        // What is not closed has no meaning that two readers could share.
        if (rows.some((r) => r.fault)) return
        const how = { relax_column_count: true, relax_quotes: true, skip_empty_lines: true }
        expect(rows.map((r) => r.cells)).toEqual(parse(text, { ...how, record_delimiter: ['\r\n', '\n', '\r'] }))
      }),
      { numRuns: 1000 },
    )
  })
  test('byte by byte', async () => {
    const text = 'name;note\r\n"Zoë ""Z""";"two\r\nlines"\r\nRené;x\n\nlast;"y"'
    for (const bytes of [Buffer.from(text), Buffer.from(text, 'latin1'), Buffer.from('\uFEFF' + text, 'utf16le')]) {
      const one = await readAll(
        pieces(
          bytes,
          Array.from({ length: bytes.length }, (_, i) => i),
        ),
      )
      expect(one.rows.map((r) => [r.line, ...r.cells])).toEqual([
        [2, 'Zoë "Z"', 'two\r\nlines'],
        [4, 'René', 'x'],
        [6, 'last', 'y'],
      ])
    }
  })
  test('JSON arrays and JSON lines', async () => {
    const value = fc.oneof(
      fc.string({ maxLength: 10 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('"', '\\', '\\"', '}{', '],[', 'é漢', '\u2028'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ email: value, 'a,b': value }), { minLength: 1, maxLength: 20 }),
        cuts,
        fc.constantFrom('array', 'pretty', 'lines'),
        async (objects, at, form) => {
          const text =
            form === 'array'
              ? JSON.stringify(objects)
              : form === 'pretty'
                ? JSON.stringify(objects, null, 2)
                : objects.map((o) => JSON.stringify(o)).join('\n')
          const bytes = Buffer.from(text)
          const cut = await readAll(pieces(bytes, at))
          expect(cut).toEqual(await readAll(pieces(bytes, [])))
          expect(cut.rows.map((r) => r.cells)).toEqual(
            objects.map((o) => [o.email, o['a,b']].map((v) => (v === null ? '' : String(v)))),
          )
          expect(cut.rows.map((r) => r.fault)).toEqual(objects.map(() => undefined))
        },
      ),
      { numRuns: 150 },
    )
  })
  test('random bytes never crash: they are read or refused with a code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), cuts, async (bytes, at) => {
        const result = await code(readAll(pieces(Buffer.from(bytes), at)))
        expect(result === 'read' || String(result).startsWith('import.')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('encodings and shapes', () => {
  test.each([
    ['Latin-1', Buffer.from('name\nRenée', 'latin1'), 'windows-1252', 'Renée'],
    ['Windows-1252', Buffer.concat([Buffer.from('name\n'), Buffer.from([0x80, 0x99])]), 'windows-1252', '€™'],
    ['UTF-16 without mark', Buffer.from('name\nReneX', 'utf16le'), 'utf-16le', 'ReneX'],
    ['UTF-16 BE', Buffer.from('\uFEFFname\nRené', 'utf16le').swap16(), 'utf-16be', 'René'],
    ['UTF-8 with mark', Buffer.from('\uFEFFname\nRené'), 'utf-8', 'René'],
  ])('%s', async (_, bytes, encoding, name) => {
    const table = await whole(bytes)
    expect([table.encoding, table.headers, table.rows[0]?.cells]).toEqual([encoding, ['name'], [name]])
  })
  test('a Latin-1 letter far into an ASCII file is still found', async () => {
    const table = await whole(
      Buffer.concat([Buffer.from('name\n' + 'plain\n'.repeat(50_000)), Buffer.from('Zoë\n', 'latin1')]),
    )
    expect([table.encoding, table.rows.at(-1)?.cells]).toEqual(['windows-1252', ['Zoë']])
  })
  test('a row damaged after a UTF-8 beginning is refused, the others stay', async () => {
    const table = await whole(
      Buffer.concat([
        Buffer.from('name\n' + 'Zoë\n'.repeat(30_000)),
        Buffer.from([0x5a, 0xeb, 0x0a]),
        Buffer.from('ok\n'),
      ]),
    )
    expect(table.rows.filter((r) => r.fault).map((r) => r.line)).toEqual([30_002])
  })
  test.each([
    ['a,b\n1,2', ','],
    ['a;b\n1;2', ';'],
    ['a\tb\n1\t2', '\t'],
    ['a|b\n1|2', '|'],
    ['"a;x","b"\n1,2', ','],
  ])('the delimiter of %j', async (text, delimiter) => expect((await whole(text)).delimiter).toBe(delimiter))
  test('line ends may be mixed, blank lines do not count, twice the same header is told apart', async () => {
    const table = await whole('a,a\r\n1,2\n\n3,4\r5,6\r\n')
    expect(table.headers).toEqual(['a', 'a (2)'])
    expect(table.rows.map((r) => r.cells.join())).toEqual(['1,2', '3,4', '5,6'])
  })
  test('rows of the wrong width and an open quote are faults with their line', async () => {
    const table = await whole('a,b\n1,2\n1,2,3\n1\n1,2,\n"x,5\n6,7\n')
    expect(table.rows.map((r) => [r.line, r.fault === undefined])).toEqual([
      [2, true],
      [3, false],
      [4, false],
      [5, true],
      [6, false],
    ])
  })
  test('broken elements of a JSON file are faults, the others stay', async () => {
    expect((await whole('[{"a":1},{"a":},7,{"a":2}]')).rows.map((r) => [r.line, r.fault === undefined])).toEqual([
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ])
    expect((await whole('[{"a":1},{"a":2')).rows.map((r) => r.fault === undefined)).toEqual([true, false])
    expect((await whole('{"a":1}\n{"a":\n{"a":3}\n')).rows.map((r) => [r.line, r.fault === undefined])).toEqual([
      [1, true],
      [2, false],
      [3, true],
    ])
  })
})

describe('what is no table is refused with a reason', () => {
  test.each([
    ['empty', '', 'import.empty'],
    ['blank', ' \n \r\n', 'import.empty'],
    ['NUL', 'a,b\n1,\0', 'import.binary'],
    ['zip', Buffer.from('504b030414000600', 'hex'), 'import.spreadsheet'],
    ['random bytes', randomBytes(5000), 'import.binary'],
    ['broken gzip', gzipSync('a,b\n1,2').subarray(0, 20), 'import.gzip_broken'],
    ['too many columns', ','.repeat(1000), 'import.too_many_columns'],
  ])('%s', async (_, bytes, expected) => expect(await code(whole(bytes))).toBe(expected))
  test('header only is a table without rows', async () => expect((await whole('email,name\n')).rows).toEqual([]))

  interface Refusal {
    code: string
    message: string
    ms: number
    grownMb: number
    /** how much of the file was read */
    bytes: number
  }
  /** Reads until it is refused, and sees how long that took and how much memory at most. */
  async function refusal(source: AsyncIterable<Buffer>): Promise<Refusal> {
    const before = process.memoryUsage.rss()
    let peak = before
    let bytes = 0
    async function* watched(): AsyncGenerator<Buffer> {
      for await (const chunk of source) {
        peak = Math.max(peak, process.memoryUsage.rss())
        bytes += chunk.length
        yield chunk
      }
    }
    const started = performance.now()
    const error = await readAll(watched()).then(
      () => ({ code: 'read', message: '' }),
      (e: { code: string; message: string }) => e,
    )
    peak = Math.max(peak, process.memoryUsage.rss())
    const { code: name, message } = error
    return { code: name, message, ms: performance.now() - started, grownMb: (peak - before) / 1e6, bytes }
  }
  async function* endless(chunk: Buffer, bytes: number, head = ''): AsyncGenerator<Buffer> {
    if (head !== '') yield Buffer.from(head)
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk
  }
  const filled = (unit: string): Buffer => Buffer.from(unit.repeat(65_536 / unit.length))
  const giga = 1024 ** 3
  const mega = 1024 ** 2

  test.each<[string, () => AsyncIterable<Buffer>, RegExp, RegExp]>([
    ['a gigabyte of letters on one line', () => endless(filled('a'), giga), /line_too_long/, /Export it again as CSV/],
    ['a gigabyte of quotes on one line', () => endless(filled('"'), giga), /line_too_long/, /Export it again as CSV/],
    ['a gigabyte of commas on one line', () => endless(filled(','), giga), /line_too_long|too_many/, /Export|Remove/],
    ['a gigabyte of brackets', () => endless(filled('['), giga), /line_too_long/, /Export it again/],
    [
      'a JSON string that never ends',
      () => endless(filled('a'), giga, '["'),
      /line_too_long/,
      /Write one object per|Export/,
    ],
    ['a gigabyte of blanks', () => endless(filled(' '), giga), /empty/, /Export it again/],
    [
      '10 MB of quotes under a header',
      () => endless(filled('"'), 10 * mega, 'a,b\n'),
      /line_too_long/,
      /Export it again/,
    ],
    ['one row of 100 MB', () => endless(filled('x,y;'), 100 * mega, 'a,b\n'), /line_too_long/, /Export it again/],
    ['a million columns', () => endless(filled('col,'), 4 * mega), /line_too_long|too_many_columns/, /Export|Remove/],
    [
      'a million empty columns',
      () => pieces(Buffer.from(','.repeat(1_000_000)), []),
      /too_many_columns/,
      /Remove the ones/,
    ],
    [
      'an object with a hundred thousand keys',
      () =>
        pieces(
          Buffer.from(JSON.stringify([Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, 1]))])),
          [],
        ),
      /too_many_columns/,
      /Keep the ones that matter/,
    ],
  ])('%s: refused at once, in a sentence with the cure, with flat memory', async (_, source, name, cure) => {
    const refused = await refusal(source())
    expect(refused.code).toMatch(name)
    expect(refused.message).toMatch(cure)
    expect(refused.ms).toBeLessThan(2000)
    expect(refused.grownMb).toBeLessThan(200)
    expect(refused.bytes).toBeLessThan(12 * mega)
  })

  test('10 MB of quotes and line breaks under a header are no table', async () => {
    const refused = await refusal(endless(filled('"""\n'), 10 * mega, 'a,b\n'))
    expect(refused).toMatchObject({
      code: 'import.no_rows',
      message: expect.stringMatching(
        /^None of the first \d+ rows can be read\. The row has 1 cells where the header has 2/,
      ) as string,
    })
    expect(refused.ms).toBeLessThan(2000)
    expect(refused.grownMb).toBeLessThan(200)
  })
  test('a quoted cell of 100 MB with line breaks: what stands before it is read, the rest is one fault', async () => {
    const before = process.memoryUsage.rss()
    const started = performance.now()
    const table = await readAll(endless(filled('line\nof\n'), 100 * mega, 'a,b\n1,2\n"'))
    expect(performance.now() - started).toBeLessThan(2000)
    expect(process.memoryUsage.rss() - before).toBeLessThan(200e6)
    expect(table.rows.map((r) => r.cells)).toEqual([['1', '2'], []])
    expect(table.rows.at(-1)?.fault).toMatch(/never ends/)
  })

  test('gzip bombs are refused at once: one of 1000:1, and one of many parts', async () => {
    const part = gzipSync(Buffer.from('a,b\n' + '1,2\n'.repeat(16_000_000)))
    const single = await refusal(pieces(part, []))
    const many = await refusal(endless(gzipSync(Buffer.alloc(8 * mega, '1,2\n')), giga, ''))
    for (const refused of [single, many]) {
      expect(refused).toMatchObject({ code: 'import.gzip_bomb', message: expect.stringMatching(/Unpack it/) as string })
      expect(refused.ms).toBeLessThan(2000)
      expect(refused.grownMb).toBeLessThan(200)
    }
  })
  test('JSON nested a hundred thousand deep is a fault of its element, the others stay', async () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const table = await whole(`[{"a":1},${deep},{"a":2}]`)
    expect(table.rows.length).toBe(3)
    expect([table.rows[0]?.cells, table.rows[2]?.cells]).toEqual([['1'], ['2']])
  })
  test('a cell that is too long is a fault of its row', async () => {
    expect(
      (await whole(`a\n${'x'.repeat(readLimits.maxCellChars + 1)}\nok\n`)).rows.map((r) => r.fault === undefined),
    ).toEqual([false, true])
  })
})
