import http from 'node:http'

// Clients of bench/customers in a process of their own: each asks, waits for the answer, and asks the next one.
const { port, token, paths, clients, seconds, crowd } = JSON.parse(process.argv[2] ?? '{}') as {
  port: number
  token: string
  paths: string[]
  clients: number
  seconds: number
  /** each crowd comes from addresses of its own */
  crowd: number
}
const agent = new http.Agent({ keepAlive: true, maxSockets: clients })
let failed = 0
let answered = 0
const ends = performance.now() + seconds * 1000

const ask = (path: string, client: number): Promise<void> =>
  new Promise((resolve) => {
    // Each client is somebody else: the limit of requests counts by address.
    const headers = {
      authorization: `Bearer ${token}`,
      'x-forwarded-for': `10.${crowd}.${client >> 8}.${client & 255}`,
    }
    const request = http.get({ port, host: '127.0.0.1', path, agent, headers }, (answer) => {
      if (answer.statusCode !== 200) failed++
      answered++
      answer.resume()
      answer.once('end', resolve)
    })
    request.once('error', () => {
      failed++
      resolve()
    })
  })
await Promise.all(
  Array.from({ length: clients }, async (_, client) => {
    for (let i = client; performance.now() < ends; i++) await ask(paths[i % paths.length]!, client)
  }),
)
agent.destroy()
process.stdout.write(JSON.stringify({ answered, failed }) + '\n')
