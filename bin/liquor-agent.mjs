#!/usr/bin/env node
import path from 'node:path'
import { ensureInstalled, root, runNode } from '../scripts/ensure-install.mjs'

ensureInstalled()
process.exit(await runNode([path.join(root, 'server/cli.ts'), ...process.argv.slice(2)], { cwd: process.cwd() }))
