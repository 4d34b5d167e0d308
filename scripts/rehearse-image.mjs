// Carries out the Dockerfile without an engine: every COPY (under .dockerignore) and RUN in empty folders, then starts what
// came out as `api` and asks its health. Needs DATABASE_URL of an empty database, and the npm registry. Layers, the base image
// and the user are not rehearsed.
import { execSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DockerfileParser } from 'dockerfile-ast'
import { node, root } from './ensure-install.mjs'

if (!process.env.DATABASE_URL) {
  console.error('Set DATABASE_URL to an empty database.')
  process.exit(2)
}
const place = mkdtempSync(path.join(tmpdir(), 'lma-image-'))
const bin = path.join(place, 'bin')
mkdirSync(bin)
// The Node of the base image.
symlinkSync(node, path.join(bin, 'node'))
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` }
const ignored = (file) => /(^|\/)node_modules(\/|$)|\.test\.ts$|\.log$|^web\/dist(\/|$)/.test(path.relative(root, file))

const stages = new Map()
let stage
let start = { entry: [], env: {} }
for (const line of DockerfileParser.parse(readFileSync(path.join(root, 'Dockerfile'), 'utf8')).getInstructions()) {
  const words = line.getArguments().map(String)
  const content = line.getArgumentsContent() ?? ''
  if (line.getKeyword() === 'FROM') {
    const name = words[2] ?? 'image'
    stage = path.join(place, name)
    stages.set(name, stage)
    mkdirSync(stage)
    if (stages.has(words[0])) cpSync(stages.get(words[0]), stage, { recursive: true })
    start = { entry: [], env: {} }
  } else if (line.getKeyword() === 'COPY') {
    const from =
      line
        .getFlags()
        .find((flag) => flag.getName() === 'from')
        ?.getValue() ?? null
    const [sources, target] = [words.slice(0, -1), words.at(-1)]
    for (const source of sources) {
      const file = from ? path.join(stages.get(from), source.replace(/^\/app\//, '')) : path.join(root, source)
      const to = target.endsWith('/') ? path.join(stage, target, path.basename(source)) : path.join(stage, target)
      cpSync(file, to, { recursive: true, filter: (f) => from !== null || !ignored(f), verbatimSymlinks: true })
    }
  } else if (line.getKeyword() === 'RUN' && !content.startsWith('install -d')) {
    const command = content.replaceAll(/\\\n/g, ' ')
    console.log(`${path.basename(stage)}: ${command.slice(0, 100)}`)
    execSync(command, { cwd: stage, env, stdio: ['ignore', 'ignore', 'inherit'] })
  } else if (line.getKeyword() === 'ENV') {
    for (const [, key, value] of content.matchAll(/(\w+)=(\S+)/g)) start.env[key] = value
  } else if (line.getKeyword() === 'ENTRYPOINT') start.entry = JSON.parse(content)
}

const image = stages.get('image')
const size = execSync(`du -sm ${image} | cut -f1`, { encoding: 'utf8' }).trim()
console.log(`image: ${size} MB without its base`)
const [, ...args] = start.entry
const child = spawn(path.join(bin, 'node'), [...args, 'api'], {
  cwd: image,
  stdio: 'inherit',
  env: {
    ...env,
    ...start.env,
    HOST: '127.0.0.1',
    PORT: '18461',
    METRICS_PORT: '18462',
    LMA_DATA: path.join(place, 'data'),
  },
})
let ok = false
for (let i = 0; i < 120 && !ok && child.exitCode === null; i++) {
  await new Promise((resolve) => setTimeout(resolve, 500))
  ok = await fetch('http://127.0.0.1:18462/health/ready').then(
    (r) => r.ok,
    () => false,
  )
}
const page =
  ok && (await fetch('http://127.0.0.1:18461/', { headers: { accept: 'text/html' } }).then((r) => r.status)) === 200
child.kill('SIGTERM')
await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()))
rmSync(place, { recursive: true, force: true })
console.log(ok && page ? 'ok: it starts, is ready, and serves the UI' : 'BAD: it does not start')
process.exit(ok && page ? 0 : 1)
