import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { build } from '#server/cli.ts'
import { contractRoutes } from './contract-routes.ts'
import { exists, read, settings } from './deployment.ts'
import { startCli } from './run-cli.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name)),
  ),
]
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts

/** Blocks and inline pieces of code, comments taken off, lines that end in a backslash joined. */
function code(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ')
  const blocks = joined
    .split('\n')
    .filter((line) => /^ {4}/.test(line))
    .map((line) => line.trim())
  const inline = [...joined.matchAll(/`([^`\n]+)`/g)].map((m) => m[1]!)
  return [...blocks, ...inline].map((line) => line.replace(/\s+#\s.*$/, ''))
}

/** Single commands of a line of shell. */
const commands = (line: string): string[] => line.split(/\s*(?:&&|\|\||\||;)\s*/).map((c) => c.trim())

/** Words as a shell takes them apart; what is written to or read from a file is no word. */
const words = (command: string): string[] =>
  [...command.replaceAll(/\s[<>]{1,2}\s*\S+/g, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    (m) => m[1] ?? m[2] ?? m[3]!,
  )

/** What is wrong with the arguments of `liquor-agent`, by its own command tree; null: nothing. */
function misuse(args: readonly string[]): string | null {
  let command: Command = build()
  let rest = [...args]
  const options = (): string[] => command.options.flatMap((o) => [o.short, o.long].filter((f) => f !== undefined))
  const known = new Map(command.options.map((o) => [o.long, o]))
  const globals = new Set([...options(), '--help', '-h'])
  for (;;) {
    while (rest[0]?.startsWith('-') && globals.has(rest[0])) rest.shift()
    const next = command.commands.find((c) => c.name() === rest[0])
    if (!next) break
    command = next
    for (const o of command.options) known.set(o.long, o)
    rest = rest.slice(1)
  }
  if (command.commands.length > 0)
    return rest.length === 0 || /^(COMMAND|-)/.test(rest[0]!) ? null : `there is no command ${rest[0]}`
  let given = 0
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!
    if (!word.startsWith('--')) {
      given++
      continue
    }
    const [flag, value] = word.split('=')
    if (globals.has(flag!) && !known.get(flag)?.required) continue
    const option = known.get(flag)
    if (!option) return `${command.name()} has no option ${flag}`
    if ((option.required || option.optional) && value === undefined) i++
  }
  const most = command.registeredArguments.length
  return given > most ? `${command.name()} takes ${most} words, not ${given}` : null
}

describe.each(pages)('%s', (page) => {
  const text = read(page)

  test('every command in it exists', () => {
    const wrong: string[] = []
    for (const line of code(text).flatMap(commands)) {
      const [first, ...rest] = words(
        line.replace(/^(?:[A-Z_]+=\S+ +)+/, '').replace(/^docker compose run --rm (api|worker)/, 'liquor-agent'),
      )
      const args = first === 'npx' ? rest.slice(1) : rest
      if ((first === 'npx' && rest[0] === 'liquor-agent') || first === 'liquor-agent') {
        const fault = misuse(args.filter((a) => !/[…{}[\]|]/.test(a)))
        if (fault) wrong.push(`${line}: ${fault}`)
      } else if (first === 'npm' && rest[0] === 'run' && /^[a-z:]+$/.test(rest[1] ?? '')) {
        if (!scripts[rest[1]!]) wrong.push(`${line}: there is no such script`)
      } else if (first === 'npm' && ['start', 'test'].includes(rest[0] ?? '')) {
        if (!scripts[rest[0]!]) wrong.push(line)
      } else if (first === 'node' && rest[0] && !rest[0].startsWith('-')) {
        if (!exists(rest[0])) wrong.push(`${line}: there is no such file`)
      } else if (first === 'kubectl' && rest.includes('-k')) {
        if (!exists(path.join(rest[rest.indexOf('-k') + 1]!, 'kustomization.yaml'))) wrong.push(line)
      } else if (first === 'terraform') {
        if (!exists(rest[0]!.replace('-chdir=', ''))) wrong.push(line)
      }
    }
    expect(wrong).toEqual([])
  })

  test('every link and every file it names leads somewhere', () => {
    const dead: string[] = []
    for (const [, target] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [file, anchor] = target!.split('#')
      const place = file === '' ? page : path.join(path.dirname(page), file!)
      if (!exists(place)) dead.push(target!)
      else if (anchor && !headings(read(place)).includes(anchor)) dead.push(target!)
    }
    for (const piece of code(text)) {
      const named = /^(?:core|contract|db|server|web|sim|bench|test|scripts|deploy|docs)\/[\w./-]+$/.exec(piece)?.[0]
      if (named && !exists(named) && !/(\/x|\/X)\b|<|\*/.test(named)) dead.push(named)
    }
    expect(dead).toEqual([])
  })

  test('every setting it names exists', () => {
    const named = [
      ...text.matchAll(/`((?:LMA|S3|DATABASE|REDIS|OTEL|SENTRY|METRICS|OPENAI|SMTP)_[A-Z0-9_]+)\b(?!…)/g),
    ].map((m) => m[1]!)
    expect(named.filter((name) => !settings.has(name) && !name.endsWith('_'))).toEqual([])
  })
})

const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map((m) =>
    m[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  )

test('every address of the API that a page shows is one of the contract', async () => {
  const routes = (await contractRoutes()).map(
    (r) => new RegExp(`^${r.path.replace('/api/v1', '').replaceAll(/:\w+/g, '[^/?]+')}$`),
  )
  const unknown: string[] = []
  for (const page of pages)
    for (const [, url] of read(page).matchAll(
      /(?:\/api\/v1|`(?:GET|POST|PATCH|PUT|DELETE) (?:\/api\/v1)?)(\/[\w/:.{}-]+)/g,
    ))
      if (
        !routes.some((r) => r.test(url!.replace(/[.:/]+$/, ''))) &&
        !/^\/(health|metrics|t|u|p|s|hooks|events|docs|openapi)/.test(url!)
      )
        unknown.push(`${page}: ${url}`)
  expect(unknown).toEqual([])
})

test('a command that does not exist is found', () => {
  expect(misuse(['audit', 'verify'])).toBeNull()
  expect(misuse(['user', 'create', 'you@example.com', '--role', 'admin'])).toBeNull()
  expect(misuse(['plan', '--from', 'a.json', '--json'])).toBeNull()
  expect(misuse(['sned', '--live'])).toBe('there is no command sned')
  expect(misuse(['send', '--life'])).toBe('send has no option --life')
  expect(misuse(['export', 'customers', 'sends'])).toBe('export takes 1 words, not 2')
  expect(code('    npm start    # goes\n`npx liquor-agent doctor`')).toEqual(['npm start', 'npx liquor-agent doctor'])
})

test('the command line answers as the pages say', async () => {
  const [env, help] = await Promise.all([startCli(['env']).done, startCli(['--help']).done])
  expect(env.code).toBe(0)
  for (const name of settings) expect(env.out).toContain(`# ${name}=`)
  expect(help.code).toBe(0)
  for (const command of build().commands) expect(help.out).toMatch(new RegExp(`^  ${command.name()}\\b`, 'm'))
})
