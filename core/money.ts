/** Money is an integer number of cents of the shop's one currency; nothing else does money arithmetic. */
export type Cents = number

/** Rounds half away from zero, so that refunds mirror sales. */
export function roundCents(value: number): Cents {
  return Math.sign(value) * Math.round(Math.abs(value))
}

/** "$1,234.50"; whole dollars drop the cents when `short`. */
export function formatCents(amountCents: Cents, currency = 'USD', short = false): string {
  const whole = short && amountCents % 100 === 0
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency,
    minimumFractionDigits: whole ? 0 : 2,
    maximumFractionDigits: whole ? 0 : 2,
  }).format(amountCents / 100)
}

/** Reads "12", "12.5", "$1,234.56", "-3.00", "(3.00)" or "1.234,56"; null when it is not an amount. */
export function parseCents(text: string): Cents | null {
  let s = text
    .trim()
    .replace(/^[A-Z]{3}\s*|\s*[A-Z]{3}$/g, '')
    .replace(/[$€£\s]/g, '')
  let sign = 1
  const parenthesised = /^\((.*)\)$/.exec(s)
  if (parenthesised) {
    sign = -1
    s = parenthesised[1] ?? ''
  }
  if (s.startsWith('-')) {
    sign = -sign
    s = s.slice(1)
  }
  if (/^\d{1,3}(\.\d{3})+,\d{1,2}$/.test(s) || /^\d+,\d{1,2}$/.test(s)) s = s.replaceAll('.', '').replace(',', '.')
  else if (/^\d{1,3}(,\d{3})+(\.\d+)?$/.test(s)) s = s.replaceAll(',', '')
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(s)) return null
  const cents = sign * roundCents(Number(s) * 100)
  return Number.isSafeInteger(cents) ? cents : null
}
