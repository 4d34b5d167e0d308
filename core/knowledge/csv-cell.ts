/** RFC 4180 cell; text a spreadsheet would run as a formula gets an apostrophe in front (OWASP CSV injection). */
export function csvCell(text: string): string {
  const safe = /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n;]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function csvLine(cells: readonly string[]): string {
  return cells.map(csvCell).join(',') + '\r\n'
}

/** Takes the apostrophe of csvCell away again, so that a corrected rejects file can be imported. */
export function plainCell(text: string): string {
  return text.charCodeAt(0) === 39 && /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text
}
