import { formatHeaders, type Header } from './headers.ts'
import { compileTemplate, type Variables } from './template.ts'

/** The fixed parts of a message, encoded once per template version. */
export interface MimeTemplate {
  /** RFC 5322 message, ASCII, CRLF, no line over 998 characters */
  render(headers: readonly Header[], variables: Variables): string
}

/**
 * Compiles text and HTML sources into a multipart/alternative whose static parts are already quoted-printable; only the
 * holes are encoded per recipient. `boundaryKey` is any token; "=_" in front cannot occur in quoted-printable text.
 */
export function compileMime(textSource: string, htmlSource: string, boundaryKey: string): MimeTemplate {
  const text = compileTemplate(textSource, 'text-mime')
  const html = compileTemplate(htmlSource, 'html-mime')
  const boundary = `=_${boundaryKey.replace(/[^A-Za-z0-9]/g, '').slice(0, 40)}`
  const part = (type: string): string =>
    `--${boundary}\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n`
  const beforeText = part('text/plain')
  const beforeHtml = '\r\n' + part('text/html')
  const end = `\r\n--${boundary}--\r\n`
  const own: Header[] = [
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/alternative; boundary="${boundary}"`],
  ]
  const ownHeaders = formatHeaders(own) + '\r\n'
  return {
    render: (headers, variables) =>
      formatHeaders(headers) +
      ownHeaders +
      beforeText +
      text.render(variables) +
      beforeHtml +
      html.render(variables) +
      end,
  }
}

/** RFC 5322 date in UTC. */
export function formatDate(at: Date): string {
  return at.toUTCString().replace('GMT', '+0000')
}
