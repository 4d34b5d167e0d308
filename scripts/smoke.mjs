// node scripts/smoke.mjs https://shop.example.com: does a deployed release answer as it should. Reads only, no account needed.
import { readFileSync } from 'node:fs'
import path from 'node:path'

const base = process.argv[2]?.replace(/\/$/, '')
if (!base) {
  console.error('Usage: node scripts/smoke.mjs ADDRESS')
  process.exit(2)
}
const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8'))
const ask = (url) => fetch(base + url, { signal: AbortSignal.timeout(10_000), redirect: 'manual' })
const checks = {
  [`/health says ${version}`]: async () => {
    const health = await (await ask('/health')).json()
    return health.status === 'ok' && health.version === version
  },
  'the page loads, and so does its script': async () => {
    const html = await (await ask('/')).text()
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1]
    return script !== undefined && (await ask(script)).status === 200
  },
  'the API says who may come in': async () => (await ask('/api/v1/auth/state')).status === 200,
  'strangers see no customers': async () => (await ask('/api/v1/customers')).status === 401,
  'strangers see no metrics': async () => [401, 403].includes((await ask('/metrics')).status),
  'the API is documented': async () => 'paths' in (await (await ask('/openapi.json')).json()),
}
// Behind a balancer the old release may still answer for a moment.
const until = Date.now() + Number(process.env.SMOKE_PATIENCE_S ?? 60) * 1000
let bad = 0
for (const [what, check] of Object.entries(checks)) {
  let ok = false
  for (;;) {
    ok = await check().catch(() => false)
    if (ok || Date.now() > until) break
    await new Promise((resolve) => setTimeout(resolve, 2000))
  }
  console.log(`${ok ? 'ok ' : 'BAD'} ${what}`)
  if (!ok) bad++
}
process.exit(bad > 0 ? 1 : 0)
