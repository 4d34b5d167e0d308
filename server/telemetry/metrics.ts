import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What this process counts about itself, as Prometheus reads it. Names and labels: docs/operations.md. */
export interface Metrics {
  registry: Registry
  request(labels: { method: string; route: string; status: number }, seconds: number): void
  attempt(labels: { channel: string; provider: string; outcome: string }, seconds: number): void
  settled(channel: string, status: string, sends: number): void
  job(kind: string, status: string, seconds: number): void
  duty(name: string, ok: boolean, seconds: number): void
  liveClients(change: 1 | -1): void
  droppedSpans(count: number): void
  /** the event loop, memory, handles and garbage collection of the process; once, by whoever serves */
  watchProcess(): void
}

const fast = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10]
const slow = [0.1, 0.5, 1, 5, 15, 60, 300, 1800]

/** One registry for each context: tests and benches run several in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'liquor_http_request_seconds',
    help: 'Time from a request to its whole answer, by route pattern',
    labelNames: ['method', 'route', 'status'],
    buckets: fast,
    registers,
  })
  const attempts = new Histogram({
    name: 'liquor_provider_seconds',
    help: 'Time a provider took for one message, by what it answered',
    labelNames: ['channel', 'provider', 'outcome'],
    buckets: fast,
    registers,
  })
  const sends = new Counter({
    name: 'liquor_sends_total',
    help: 'Sends that this worker brought into a state',
    labelNames: ['channel', 'status'],
    registers,
  })
  const jobs = new Histogram({
    name: 'liquor_job_seconds',
    help: 'Time of background jobs, by kind and end',
    labelNames: ['kind', 'status'],
    buckets: slow,
    registers,
  })
  const duties = new Histogram({
    name: 'liquor_duty_seconds',
    help: 'Time of periodic duties, by name and end',
    labelNames: ['duty', 'status'],
    buckets: slow,
    registers,
  })
  const live = new Gauge({ name: 'liquor_live_clients', help: 'Open WebSockets of this process', registers })
  const dropped = new Counter({
    name: 'liquor_spans_dropped_total',
    help: 'Trace spans that the collector did not take',
    registers,
  })
  let watched = false
  return {
    registry,
    request: (labels, seconds) => requests.observe(labels, seconds),
    attempt: (labels, seconds) => attempts.observe(labels, seconds),
    settled: (channel, status, count) => sends.inc({ channel, status }, count),
    job: (kind, status, seconds) => jobs.observe({ kind, status }, seconds),
    duty: (duty, ok, seconds) => duties.observe({ duty, status: ok ? 'ok' : 'failed' }, seconds),
    liveClients: (change) => live.inc(change),
    droppedSpans: (count) => dropped.inc(count),
    watchProcess() {
      if (!watched) collectDefaultMetrics({ register: registry })
      watched = true
    },
  }
}
