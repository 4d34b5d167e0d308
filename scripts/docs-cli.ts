import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Argument, Command, Option } from 'commander'
import { exit } from '#server/cli/output.ts'
import { build } from '#server/cli.ts'

// Writes docs/cli.md from the command line itself; with --verify it only says whether the page still fits (exit code 1).
const file = path.resolve(import.meta.dirname, '../docs/cli.md')

const meanings: Record<keyof typeof exit, string> = {
  ok: 'done',
  failed: 'failed',
  usage: 'wrong use; the sentence says what was expected',
  config: 'something stands in the way of a start: configuration, credentials, database',
  notFound: 'there is no such file, customer, import …',
  partly: 'done, but some items were refused; they are named',
  refused: 'the law or a limit forbids it',
  network: 'database, provider or network: trying again helps',
  interrupted: 'stopped by Ctrl-C after the running batch; the same command goes on',
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function optionLine(option: Option): string {
  const choices = option.argChoices ? `; ${option.argChoices.join(', ')}` : ''
  const value: unknown = option.defaultValue
  const preset = value === undefined || value === false ? '' : ` (default ${String(value)})`
  return `- \`${option.flags}\` ${option.description}${choices}${preset}`.trimEnd()
}

function argumentLine(argument: Argument): string {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`
  return `- \`${name}\` ${argument.description}`.trimEnd()
}

function section(command: Command, parent = ''): string[] {
  const name = `${parent}${command.name()}`
  const inner = command.commands.filter((c) => c.name() !== 'help')
  if (inner.length > 0) return inner.flatMap((c) => section(c, `${name} `))
  const shape = command.registeredArguments.map((a) => (a.required ? `<${a.name()}>` : `[${a.name()}]`))
  const options = command.options.filter((o) => !o.hidden)
  const lines = [
    ...command.registeredArguments.filter((a) => a.description).map(argumentLine),
    ...options.map(optionLine),
  ]
  const description = command.description()
  return [
    `## ${name}`,
    '',
    `    ${['liquor-agent', name, ...shape].join(' ')}`,
    '',
    `${description[0]!.toUpperCase()}${description.slice(1)}.`,
    '',
    ...(lines.length > 0 ? [...lines, ''] : []),
  ]
}

function page(): string {
  const program = build()
  return [
    '# Command line',
    '',
    '<!-- Made by `npm run docs:cli`; `npm run check` fails when it does not fit any more. -->',
    '',
    '`npx liquor-agent COMMAND`, in a container `docker compose run --rm api COMMAND`. Data go to stdout and everything else to stderr,',
    'so every command can be piped. Words and names are those of the UI and the API.',
    '',
    'For all commands:',
    '',
    ...program.options.map(optionLine),
    '',
    '| exit code | means |',
    '| --- | --- |',
    ...Object.entries(exit).map(([key, code]) => `| ${code} | ${cell(meanings[key as keyof typeof exit])} |`),
    '',
    ...program.commands.filter((c) => c.name() !== 'help').flatMap((c) => section(c)),
  ].join('\n')
}

// Formatting aligns tables and breaks lines; it is no difference.
const bare = (text: string): string => text.replaceAll(/-{3,}/g, '---').replaceAll(/\s+/g, ' ').trim()

if (process.argv.includes('--verify')) {
  if (bare(readFileSync(file, 'utf8')) === bare(page())) process.exit(0)
  console.error('docs/cli.md is not what the command line says: run npm run docs:cli')
  process.exit(1)
}
writeFileSync(file, page())
process.exit(0)
