/**
 * What the papers and manuals print about the CDNOW sample, by the name of the figure: BG/NBD, Pareto/NBD and NBD from
 * Fader, Hardie & Lee 2005 (tables 2 and 3) and the spreadsheet that goes with it, MBG/NBD from Batislam et al. 2007,
 * Gamma-Gamma from Fader & Hardie 2013. Everything else is compared with other programs alone.
 */
const printed: Record<string, string> = {
  'BG/NBD r': '.243',
  'BG/NBD alpha': '4.414',
  'BG/NBD a': '.793',
  'BG/NBD b': '2.426',
  'BG/NBD log-likelihood': '-9582.4',
  'BG/NBD: correlation': '.626',
  'MBG/NBD r': '.525',
  'MBG/NBD alpha': '6.183',
  'MBG/NBD a': '.891',
  'MBG/NBD b': '1.614',
  'MBG/NBD log-likelihood': '-9582.1',
  'Pareto/NBD r': '.553',
  'Pareto/NBD alpha': '10.578',
  'Pareto/NBD s': '.606',
  'Pareto/NBD beta': '11.669',
  'Pareto/NBD log-likelihood': '-9595.0',
  'Pareto/NBD: correlation': '.630',
  'NBD r': '.385',
  'NBD alpha': '12.072',
  'NBD log-likelihood': '-9763.7',
  'Gamma-Gamma p': '6.25',
  'Gamma-Gamma q': '3.74',
  'Gamma-Gamma v': '15.44',
  'Gamma-Gamma customers': '946',
  'BG E[Y(39) | 2, 30.43, 38.86]': '1.226',
  'BG E[X(0.1429)]': '.0078',
  'BG E[X(1)]': '.0532',
  'BG E[X(3)]': '.1506',
  'BG E[X(31.8571)]': '1.0405',
  'BG E[X(32)]': '1.0437',
  'BG E[X(78)]': '1.8576',
}

export interface Table {
  title(text: string): void
  line(text: string): void
  /** `reference` as printed decides the digits; more decimals than six are compared to 1e-6. */
  compare(what: string, reference: string, ours: number, tolerance?: number): void
  /** A bar that we set ourselves. */
  bar(what: string, wanted: string, ours: number, ok: boolean): void
  /** Figures compared, with those published counted on their own, and how many differ. */
  counts(): { compared: number; published: number; failed: number }
}

const decimalsOf = (text: string): number => text.split('.')[1]?.length ?? 0
const agrees = (reference: string, ours: number): boolean =>
  Math.abs(ours - Number(reference)) <=
  (decimalsOf(reference) >= 7
    ? 1e-6 * Math.max(1, Math.abs(Number(reference)))
    : 0.5 * 10 ** -decimalsOf(reference) + 1e-9)

/**
 * The table of the bench: published, reference, ours.
 * @param misprints published figures that are wrong themselves (see the notes): shown, not held against us
 */
export function createTable(misprints: readonly string[]): Table {
  const line = (text: string): boolean => process.stdout.write(text.trimEnd() + '\n')
  const row = (what: string, published: string, reference: string, ours: string, word: string): boolean =>
    line(`${what.padEnd(46)} ${published.padStart(10)} ${reference.padStart(15)} ${ours.padStart(15)}  ${word}`)
  const left = new Set(Object.keys(printed))
  let compared = 0
  let published = 0
  let failed = 0
  const judge = (ok: boolean, word: string): string => {
    compared += 1
    if (!ok) failed += 1
    return ok ? '' : word
  }
  return {
    line,
    title: (text) => void row(`\n${text}`.padEnd(47), 'published', 'reference', 'ours', ''),
    compare(what, reference, ours, tolerance) {
      const ok = tolerance === undefined ? agrees(reference, ours) : Math.abs(ours - Number(reference)) <= tolerance
      const digits = Math.min(10, Math.max(decimalsOf(reference), 4))
      const word = judge(ok, 'DIFFERS')
      const said = printed[what]
      let saidWord = ''
      if (said !== undefined) {
        left.delete(what)
        published += 1
        if (misprints.includes(what)) saidWord = 'see the notes'
        else saidWord = judge(agrees(said, ours), 'DIFFERS FROM PUBLISHED')
      }
      row(what, said ?? '–', reference, ours.toFixed(digits), `${word} ${saidWord}`.trim())
    },
    bar: (what, wanted, ours, ok) => void row(what, '–', wanted, ours.toFixed(4), judge(ok, 'MISSED')),
    counts() {
      // A published figure that nobody compared is a hole in the bench.
      if (left.size > 0) throw new Error(`published, but not compared: ${[...left].join(', ')}`)
      return { compared, published, failed }
    },
  }
}
