import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { compilePlan, fillPlan } from '#core/delivery/plan.ts'
import { clickUrl, openUrl, preferencesUrl, unsubscribeUrl } from '#server/tokens.ts'
import { starterTemplates } from '#server/delivery/starter-templates/starters.ts'
import { compileMjml as renderMjml } from '#server/delivery/mjml.ts'
const cache = '/tmp/h-send/new_arrivals.html'
const t = starterTemplates().find((x) => x.key === 'new_arrivals')! as any
if (!existsSync(cache)) { const r: any = await (renderMjml as any)(t.body_mjml_template); writeFileSync(cache, r.html ?? r) }
const html = readFileSync(cache, 'utf8')
const plan = compilePlan({ id: 'x', key: 'k', version: 1, channel: 'email', subject_template: t.subject_template ?? t.subject, preheader_template: t.preheader_template ?? null, body_html_template: html, body_text_template: t.body_text_template ?? t.text ?? 'x' }, { trackOpens: true, trackClicks: true, brandColor: '#1f4d3a', starterColor: '#000001' })
const store = { name: 'Corner Cellars', legal_name: 'Corner Cellars LLC', address: '12 Main Street', city: 'Albany', state: 'NY', zip: '12207', licence_number: 'NY-1', phone: null, url: 'https://cornercellars.test/' }
const from = { name: 'Corner Cellars', email: 'hello@cornercellars.test', replyTo: null, shopName: 'Corner Cellars' }
const secret = 'a secret that only tests use, 32+ characters'
const id = (i: number) => `0192f0c1-2345-7abc-8def-${String(i).padStart(12, '0')}`
const time = (name: string, n: number, f: (i: number) => void) => { for (let i = 0; i < n / 4; i++) f(i); const c = process.cpuUsage(); for (let i = 0; i < n; i++) f(i); const u = process.cpuUsage(c); console.log(name.padEnd(20), ((u.user + u.system) / n).toFixed(1), 'us') }
const links = (i: number) => { const o: Record<string, string> = { unsubscribe: unsubscribeUrl('http://shop.test', secret, id(i)), preferences: preferencesUrl('http://shop.test', secret, id(i)), open: openUrl('http://shop.test', secret, id(i)) }; for (const l of plan.links) o[l.name] = clickUrl('http://shop.test', secret, id(i), id(77)); return o }
const vars = { first_name: 'Customer 12', offer: { title: 'A look at the new shelf' }, products: [{ name: 'Rittenhouse Rye 750 ml', price: '$31.99' }, { name: 'Four Roses Single Barrel', price: '$46.99' }] }
const some = links(1)
const at = new Date()
console.log('links', plan.links.length, 'html', html.length)
time('tokens', 2000, (i) => void links(i))
time('fill', 4000, (i) => void fillPlan(plan, { sendId: id(i), campaignId: id(5), address: 'a@b.test', variables: vars, store, links: some }, from, at))
const messages = Array.from({ length: 100 }, (_, i) => fillPlan(plan, { sendId: id(i), campaignId: id(5), address: 'a@b.test', variables: vars, store, links: links(i) }, from, at))
console.log('mime', messages[0]!.mime().length)
let sum = 0
time('mime', 4000, (i) => { sum += messages[i % 100]!.mime().length })
time('mime+flatten', 2000, (i) => { const m = messages[i % 100]!.mime(); sum += Buffer.byteLength(m, 'latin1') + m.charCodeAt(5000) })
time('stuff check', 2000, (i) => { const m = messages[i % 100]!.mime(); sum += m.charCodeAt(5); if (m.includes('\n.')) sum++ })
console.log(sum)
process.exit(0)
