#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { actAlwaysAs } from '#db/acting.ts'
import { exit, type Output } from './cli/output.ts'

const version = (
  JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
).version

/** Stops after the running batch; a second Ctrl-C stops at once. */
function interruption(): AbortSignal {
  const stop = new AbortController()
  const handler = (): void => {
    if (stop.signal.aborted) process.exit(exit.interrupted)
    stop.abort()
  }
  process.on('SIGINT', handler)
  process.on('SIGTERM', handler)
  return stop.signal
}

export interface Globals extends Output {
  signal: AbortSignal
}

function positive(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

/** The whole command line; docs/cli.md is made from it. */
export function build(): Command {
  const signal = interruption()
  const program = new Command('liquor-agent')
    .description('Purchase history in, the right offer to the right adult out.')
    .version(version)
    .option('--json', 'one JSON object on stdout', false)
    .option('--quiet', 'no progress, only data and errors', false)
    .option('--no-color', 'plain text')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'before',
      'Examples:\n  liquor-agent import customers shop.csv\n  liquor-agent score && liquor-agent plan\n  liquor-agent actions --json > actions.json && liquor-agent plan --from actions.json --json > plan.json\n  liquor-agent send --plan plan.json --live\n',
    )
  const globals = (): Globals => ({ ...program.opts<Output>(), signal })

  program
    .command('up')
    .description('database, API, worker and UI in one process')
    .action(async () => (await import('./cli/run.ts')).up(globals()))
  program
    .command('api')
    .description('only the API and the UI')
    .action(async () => (await import('./cli/run.ts')).run(globals(), { api: true, worker: false }))
  program
    .command('worker')
    .description('only the background worker')
    .action(async () => (await import('./cli/run.ts')).run(globals(), { api: false, worker: true }))
  program
    .command('migrate')
    .description('bring the database schema up to date')
    .action(async () => (await import('./cli/run.ts')).migrateOnly(globals()))
  program
    .command('doctor')
    .description('check machine, configuration and database')
    .action(async () => (await import('./cli/run.ts')).doctor(globals()))

  program
    .command('env')
    .description('every environment variable: name, meaning, default')
    .action(async () => (await import('./cli/run.ts')).environment())
  program
    .command('import')
    .description(
      'customers, orders, products, consents or suppressions from CSV, TSV, Excel, JSON or JSONL, plain or gzip; - reads stdin',
    )
    .argument('<kind>', 'customers, orders, products, consents or suppressions')
    .argument('<file>')
    .option('--map <field=column...>', 'which column holds which field, e.g. --map email="Email 1"')
    .option('--dry-run', 'check every row, change nothing', false)
    .option('--zone <zone>', 'time zone of dates without one (default: the shop’s)')
    .option('--no-create-customers', 'orders of unknown customers are rejected instead of creating them')
    .action(async (kind: string, file: string, options) =>
      (await import('./cli/import.ts')).importFile(globals(), kind, file, options),
    )
  program
    .command('undo-import')
    .description('take an import back, for seven days: what it added goes, what it changed is as before')
    .argument('<id>', 'the import_id that the import answered with')
    .action(async (id: string) => (await import('./cli/import.ts')).undoImport(globals(), id))
  program
    .command('score')
    .description('score every customer')
    .option('--as-of <date>', 'as if it were this day')
    .action(async (options) => (await import('./cli/pipeline.ts')).score(globals(), options))
  program
    .command('actions')
    .description('propose the next best action per customer')
    .option('--limit <n>', 'at most so many, best first', positive)
    .action(async (options) => (await import('./cli/pipeline.ts')).actions(globals(), options))
  program
    .command('plan')
    .description('make a weekly plan (a draft; nothing is sent)')
    .addOption(new Option('--engine <engine>', 'who plans').choices(['heuristic', 'llm']).default('heuristic'))
    .option('--fresh', 'with llm: ask again even where the answer is known', false)
    .option('--week <date>', 'any day of the week to plan (default: next week)')
    .option('--from <file>', 'only for the customers of this actions file')
    .action(async (options) => (await import('./cli/pipeline.ts')).plan(globals(), options))
  program
    .command('send')
    .description('approve and send a plan; without --live it only says what would go out')
    .option('--plan <file>', 'plan file made by `plan --json` (default: the newest draft)')
    .option('--live', 'really send through the configured channel', false)
    .option('--now', 'do not wait for the windows of the plan: everything that may go now goes now', false)
    .action(async (options) => (await import('./cli/send.ts')).send(globals(), options))
  program
    .command('personal-data')
    .description('everything kept of one person, as a zip with a page for people and JSON for machines')
    .argument('<customer>', 'their id, number, email or phone')
    .argument('[file]', 'where to write it (default: personal-data.zip)')
    .action(async (customer: string, file: string | undefined) =>
      (await import('./cli/personal-data.ts')).personalData(globals(), customer, file ?? 'personal-data.zip'),
    )
  program
    .command('keys')
    .description('keys of stored secrets: new prints one, show counts, rotate encrypts all with the first one')
    .argument('<what>', 'new, show or rotate')
    .action(async (what: string) => (await import('./cli/keys.ts')).keysCommand(globals(), what))
  program
    .command('status')
    .description('what is in the shop and what runs')
    .action(async () => (await import('./cli/report.ts')).status(globals()))
  program
    .command('rollups')
    .description('check: are the sums behind every chart a recount of events and orders; rebuild: make them one')
    .argument('<what>', 'check or rebuild')
    .action(async (what: string) => (await import('./cli/rollups.ts')).rollups(globals(), what))
  program
    .command('export')
    .description('customers, sends or campaigns as CSV on stdout')
    .argument('<what>', 'customers, sends or campaigns')
    .option('--machine', 'leave cells that look like formulas as they are', false)
    .action(async (what: string, options) => (await import('./cli/report.ts')).exportCsv(globals(), what, options))
  program
    .command('anonymise')
    .description('customers, orders and products as files that import elsewhere, with nobody real in them')
    .argument('<folder>', 'where to write customers.csv, orders.csv and products.csv')
    .action(async (folder: string) => (await import('./cli/setup.ts')).anonymise(globals(), folder))
  program
    .command('demo')
    .description('load the demo shop into an empty database, or remove it')
    .option('--remove', 'remove all demo data', false)
    .action(async (options) => (await import('./cli/setup.ts')).demo(globals(), options))
  program
    .command('backup')
    .description('back up the whole shop while it goes on working; the file is read back and checked')
    .argument('[file]', 'where to write it (default: the list of backups, in the data folder or the bucket)')
    .action(async (file: string | undefined) => (await import('./cli/backup.ts')).backup(globals(), file))
  program
    .command('restore')
    .description('bring a backup back and prove that every count and checksum fits')
    .argument('<file>')
    .option('--replace', 'throw away what is in the database', false)
    .option('--drill', 'only practise: restore into a database of its own and throw that away', false)
    .action(async (file: string, options) => (await import('./cli/backup.ts')).restore(globals(), file, options))
  program
    .command('move')
    .description('everything into another PostgreSQL, for example from the built-in one to a server')
    .requiredOption('--to <url>', 'postgres://user:password@host:5432/database, an empty database')
    .action(async (options) => (await import('./cli/backup.ts')).move(globals(), options))
  program
    .command('audit')
    .description('verify: was the trail changed, line by line and seal by seal; head: the last seal, to keep elsewhere')
    .argument('<what>', 'verify or head')
    .action(async (what: string) => (await import('./cli/audit.ts')).auditCommand(globals(), what))
  const apiKey = program.command('api-key').description('keys of programs: what they may do, how often, and their end')
  apiKey
    .command('list')
    .description('all keys with their quotas and what they used today')
    .action(async () => (await import('./cli/api-keys.ts')).listKeys(globals()))
  apiKey
    .command('create')
    .description('make a key; its secret is printed once and never again')
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <scope...>', 'what it may do, e.g. --scope orders:write customers:read')
    .option('--days <n>', 'ends after so many days (default: never)', positive)
    .option('--per-minute <n>', 'requests in a minute at most', positive)
    .option('--per-day <n>', 'requests in a day (UTC) at most (default: no limit)', positive)
    .action(async (name: string, options) => (await import('./cli/api-keys.ts')).createKey(globals(), name, options))
  apiKey
    .command('quota')
    .description('set how many requests a key may make')
    .argument('<key>', 'its id, or the beginning of the secret, like lma_abcd2345')
    .option('--per-minute <n>', 'requests in a minute at most', positive)
    .option('--per-day <n>', 'requests in a day (UTC) at most', positive)
    .option('--no-per-day', 'as many in a day as it likes')
    .action(async (key: string, options) => (await import('./cli/api-keys.ts')).setQuota(globals(), key, options))
  apiKey
    .command('revoke')
    .description('end a key at once')
    .argument('<key>', 'its id, or the beginning of the secret')
    .action(async (key: string) => (await import('./cli/api-keys.ts')).revokeKey(globals(), key))
  const user = program.command('user').description('people who sign in')
  user
    .command('create')
    .description('create a user; the password is read from stdin or asked for')
    .argument('<email>')
    .addOption(new Option('--role <role>').choices(['admin', 'manager', 'user']).default('admin'))
    .option('--name <name>')
    .action(async (email: string, options) =>
      (await import('./cli/setup.ts')).createUserFromShell(globals(), email, options),
    )
  return program
}

/** null: nobody foresaw this error. Told by its fields: loading the modules of its classes would slow every command. */
function exitCodeOf(error: unknown): number | null {
  if (!(error instanceof Error)) return null
  if ('exitCode' in error) return Number(error.exitCode)
  const code = 'code' in error ? String(error.code) : ''
  if (/^(08|57P0|53300|ECONN|ETIMEDOUT|EHOSTUNREACH|database\.unavailable)/.test(code)) return exit.network
  if (!('facts' in error)) return null
  return code === 'not_found' ? exit.notFound : code === 'input.invalid' ? exit.usage : exit.failed
}

async function main(): Promise<never> {
  // `liquor-agent export customers | head` closes our output early; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exit.ok : exit.failed),
  )
  const program = build()
  // What the API and the worker do has actors of its own; every other command is somebody at the keyboard.
  if (!['up', 'api', 'worker'].includes(process.argv[2] ?? '')) actAlwaysAs({ kind: 'cli', id: null })
  try {
    await program.parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? exit.ok : exit.usage)
    const code = exitCodeOf(error)
    if (program.opts<Output>().json)
      process.stdout.write(JSON.stringify({ schema: 'liquor-agent/error@1', error: (error as Error).message }) + '\n')
    process.stderr.write(
      code === null ? `Something broke: ${(error as Error).stack}\n` : `${(error as Error).message}\n`,
    )
    process.exit(code ?? exit.failed)
  }
  process.exit(process.exitCode ?? exit.ok)
}

if (import.meta.main) await main()
