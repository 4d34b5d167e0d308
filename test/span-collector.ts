import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SpanCollector {
  url: string
  /** the posts as they came, one text each */
  posts: string[]
  close(): void
}

/** Takes whatever tracing posts to it on the loopback, and keeps it to be searched. */
export async function startSpanCollector(): Promise<SpanCollector> {
  const posts: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      posts.push(Buffer.concat(parts).toString('latin1'))
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
