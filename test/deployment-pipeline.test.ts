import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { expect, test } from 'vitest'
import { createWatchApp } from '#server/http/watching.ts'
import { testApp } from './app.ts'
import { exists, filesUnder, read, root, yaml } from './deployment.ts'

// GitHub's own parser is written for bundlers: it imports its schema without saying that it is JSON.
registerHooks({
  load: (url, context, next) =>
    next(
      url,
      url.includes('@actions/') && url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context,
    ),
})
const { NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser')

const { app, ctx } = await testApp()

interface Workflow {
  permissions?: object
  jobs: Record<
    string,
    {
      needs?: string | string[]
      uses?: string
      'timeout-minutes'?: number
      permissions?: object
      steps?: { uses?: string; run?: string }[]
    }
  >
}
const workflows = filesUnder('.github/workflows', '.yml')

function faultsOf(name: string, content: string): string[] {
  const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  return context.errors.getErrors().map((e) => e.message)
}

test('the workflows keep the schema of GitHub Actions', () => {
  expect(workflows.length).toBeGreaterThan(1)
  for (const file of workflows) expect(faultsOf(file, read(file)), file).toEqual([])
  expect(faultsOf('broken.yml', 'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    step: []\n')).not.toEqual([])
})

test('every action is pinned, every script exists, every job ends by itself', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const file of workflows) {
    const [workflow] = yaml<Workflow>(file)
    expect(workflow!.permissions, file).toBeDefined()
    for (const [name, job] of Object.entries(workflow!.jobs)) {
      for (const needed of [job.needs ?? []].flat()) expect(workflow!.jobs).toHaveProperty(needed)
      if (job.uses?.startsWith('./')) expect(exists(job.uses)).toBe(true)
      else expect(job['timeout-minutes'], `${file} ${name}`).toBeGreaterThan(0)
      for (const { uses, run = '' } of job.steps ?? []) {
        if (uses) expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@(v\d+|[0-9a-f]{40})$/)
        for (const [, script] of run.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty(script!)
        for (const [, script] of run.matchAll(/node (scripts\/[\w.-]+)/g)) expect(exists(script!), script).toBe(true)
        // Text that others wrote (titles, branch names) must not become part of a command.
        expect(run).not.toMatch(/\$\{\{\s*github\.(event|head_ref)/)
      }
    }
  }
})

test('production waits for staging and for a person, and only a tag gets there', () => {
  const jobs = yaml<{ jobs: Record<string, Record<string, unknown>> }>('.github/workflows/ci.yml')[0]!.jobs
  expect(jobs['production']).toMatchObject({
    needs: ['image', 'staging'],
    if: "startsWith(github.ref, 'refs/tags/v')",
    with: { environment: 'production' },
  })
  expect(jobs['image']!['needs']).toEqual(['check', 'test', 'e2e', 'deployment-files'])
  const deploy = yaml<{ jobs: { deploy: { environment: { name: string } } } }>('.github/workflows/deploy.yml')[0]!
  expect(deploy.jobs.deploy.environment.name).toBe('${{ inputs.environment }}')
})

test('a task definition gets its image and loses what only describing adds', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lma-ecs-'))
  const file = path.join(folder, 'current.json')
  const definition = JSON.parse(read('deploy/ecs/api.json')) as { containerDefinitions: object[] }
  writeFileSync(file, JSON.stringify({ ...definition, revision: 7, status: 'ACTIVE', taskDefinitionArn: 'arn' }))
  const { stdout } = spawnSync(process.execPath, ['scripts/task-definition.mjs', file, 'shop@sha256:1'], {
    cwd: root,
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  expect(JSON.parse(stdout)).toEqual({
    ...definition,
    containerDefinitions: [{ ...definition.containerDefinitions[0], image: 'shop@sha256:1' }],
  })
})

test('the smoke test of a deployment passes here, and fails when something else answers', async () => {
  const run = (address: string): Promise<number | null> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['scripts/smoke.mjs', address], {
        cwd: root,
        env: { ...process.env, SMOKE_PATIENCE_S: '0' },
        stdio: 'ignore',
      })
      child.once('exit', resolve)
    })
  const token = ctx.config.metrics
  token.token = 'a token of scrapers'
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const watch = createWatchApp(ctx)
  const other = await watch.listen({ port: 0, host: '127.0.0.1' })
  // Without the built UI the page is not there, and the smoke test has to say so.
  expect(await run(address)).toBe(exists('web/dist/index.html') ? 0 : 1)
  expect(await run(other)).toBe(1)
  await watch.close()
  token.token = null
})

/** Names of metrics and labels in a PromQL expression; throws when it is not one. */
function readExpression(expression: string): { metrics: string[]; labels: string[] } {
  const text = expression.replaceAll(/\$__\w+/g, '5m')
  const metrics: string[] = []
  const labels: string[] = []
  parser.parse(text).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) throw new Error(`${text}\nis wrong at ${from}: ${text.slice(from, from + 20)}`)
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.push(text.slice(from, to))
      if (type.name === 'LabelName') labels.push(text.slice(from, to))
    },
  })
  return { metrics, labels }
}

interface Rules {
  groups: {
    rules: { alert?: string; record?: string; expr: string; annotations?: Record<string, string> }[]
  }[]
}
interface Dashboard {
  panels: { title: string; gridPos: { x: number; y: number; w: number; h: number }; targets?: { expr: string }[] }[]
}

test('alert rules and dashboard ask for metrics and labels that the product really has', async () => {
  ctx.metrics.watchProcess()
  const { body } = await app.inject({ url: '/metrics' })
  const named = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map((m) => m[1]!))
  const labelled = new Set(['le', 'instance', 'job', ...[...body.matchAll(/[{,](\w+)="/g)].map((m) => m[1]!)])
  for (const metric of ctx.metrics.registry.getMetricsAsArray())
    for (const label of (metric as unknown as { labelNames: string[] }).labelNames) labelled.add(label)
  const [rules] = yaml<Rules>('deploy/monitoring/liquor-agent.rules.yml')
  const all = rules!.groups.flatMap((g) => g.rules)
  for (const { record } of all) if (record) named.add(record)
  named.add('up')
  const dashboard = JSON.parse(read('deploy/monitoring/dashboard.json')) as Dashboard
  const asked = [...all.map((r) => r.expr), ...dashboard.panels.flatMap((p) => (p.targets ?? []).map((t) => t.expr))]
  expect(asked.length).toBeGreaterThan(50)
  const missing = new Set<string>()
  for (const expression of asked) {
    const { metrics, labels } = readExpression(expression)
    expect(metrics.length, expression).toBeGreaterThan(0)
    for (const metric of metrics)
      if (!named.has(metric) && !named.has(metric.replace(/_(bucket|count|sum)$/, ''))) missing.add(metric)
    for (const label of labels) if (!labelled.has(label)) missing.add(`${expression} {${label}}`)
  }
  expect([...missing]).toEqual([])
  expect(() => readExpression('sum(rate(x[5m])')).toThrow('is wrong')
})

test('every metric of our own is on the dashboard or in a rule, and every alert says what to do', async () => {
  const rules = yaml<Rules>('deploy/monitoring/liquor-agent.rules.yml')[0]!
  const text = read('deploy/monitoring/dashboard.json') + read('deploy/monitoring/liquor-agent.rules.yml')
  const own = (await ctx.metrics.registry.getMetricsAsJSON()).map((m) => m.name).filter((n) => n.startsWith('liquor_'))
  expect(own.length).toBeGreaterThan(15)
  expect(own.filter((name) => !text.includes(name))).toEqual([])
  const operations = read('docs/operations.md')
  for (const { alert, annotations } of rules.groups.flatMap((g) => g.rules)) {
    if (!alert) continue
    expect(annotations?.['summary'] && annotations['description'], alert).toBeTruthy()
    expect(operations).toContain(`\`${alert}\``)
  }
})

test('the Prometheus operator gets the same rules', () => {
  const [object] = yaml<{ spec: Rules }>('deploy/kubernetes/components/monitoring/rules.yaml')
  expect(object!.spec).toEqual(yaml<Rules>('deploy/monitoring/liquor-agent.rules.yml')[0])
})

test('no two panels of the dashboard lie on each other', () => {
  const { panels } = JSON.parse(read('deploy/monitoring/dashboard.json')) as Dashboard
  for (const [i, { gridPos: a, title }] of panels.entries()) {
    expect(a.x + a.w).toBeLessThanOrEqual(24)
    for (const { gridPos: b, title: other } of panels.slice(i + 1))
      expect(
        a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
        `${title} lies on ${other}`,
      ).toBe(false)
  }
})
