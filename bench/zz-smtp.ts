import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createSmtp } from '#server/adapters/channels/smtp.ts'
import { createNet } from '#server/adapters/net.ts'
const connections = Number(process.argv[2] ?? 50), inFlight = Number(process.argv[3] ?? connections), n = Number(process.argv[4] ?? 4000)
const child = spawn(process.execPath, ['sim/smtp-sink.ts', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
const [line] = (await once(child.stderr, 'data')) as [Buffer]
const port = Number(/:(\d+)/.exec(line.toString())![1])
const channel = createSmtp({ host: '127.0.0.1', port, secure: false, requireTls: false, user: null, pass: null, connections }, createNet({ allowPrivate: true }))
const body = 'x'.repeat(70) + '\r\n'
const text = 'From: a@b.test\r\nSubject: x\r\n\r\n' + body.repeat(190)
const never = new AbortController().signal
const message = (i: number): any => ({ sendId: `s${i}`, sender: 'a@b.test', recipient: `c${i}@d.test`, mime: () => `Message-ID: <${i}@x.test>\r\n` + text })
let next = 0, bad = 0
const slot = async (until: number): Promise<void> => { while (next < until) { const o = await channel.send(message(next++), never); if (o.kind !== 'accepted') bad++ } }
await Promise.all(Array.from({ length: inFlight }, () => slot(500)))
const c = process.cpuUsage(), t = performance.now()
await Promise.all(Array.from({ length: inFlight }, () => slot(500 + n)))
const u = process.cpuUsage(c), s = (performance.now() - t) / 1000
console.log(`${connections} connections, ${inFlight} in flight: ${((u.user + u.system) / n).toFixed(0)} us (${(u.user / n).toFixed(0)} user), ${(n / s).toFixed(0)}/s, bad ${bad}`)
import('node:fs').then(({readFileSync}) => { const p = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' '); console.log('sink', ((Number(p[11]) + Number(p[12])) * 1e4 / (n+500)).toFixed(0), 'us each incl. start', 'rss', readFileSync(`/proc/${child.pid}/status`,'utf8').match(/VmRSS.*/)![0]); child.kill('SIGTERM') })
await channel.close()
