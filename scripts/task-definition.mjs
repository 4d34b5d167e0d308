// node scripts/task-definition.mjs CURRENT.json IMAGE: the same ECS task definition with another image, on stdout.
import { readFileSync } from 'node:fs'

const [file, image] = process.argv.slice(2)
if (!file || !image) {
  console.error('Usage: node scripts/task-definition.mjs CURRENT.json IMAGE')
  process.exit(2)
}
const current = JSON.parse(readFileSync(file, 'utf8'))
// What `describe` adds, and `register` refuses.
const added = [
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'registeredBy',
]
const next = Object.fromEntries(Object.entries(current).filter(([key]) => !added.includes(key)))
next.containerDefinitions = next.containerDefinitions.map((container) => ({ ...container, image }))
console.log(JSON.stringify(next, null, 2))
