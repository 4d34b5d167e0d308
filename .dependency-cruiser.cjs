// Imports go one way: core <- contract <- {server, web}; db <- server; slices do not import slices.
const slices =
  'accounts|analytics|compliance|delivery|dispatch|feedback|knowledge|planning|scoring|segments|settings|system'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'core decides, it does no IO',
      from: { path: '^core/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^core/', 'node_modules/(zod|temporal-polyfill|libphonenumber-js|liquidjs)/'] },
    },
    {
      name: 'contract-knows-core-only',
      severity: 'error',
      from: { path: '^contract/' },
      to: { pathNot: ['^core/', '^contract/', 'node_modules/zod/'] },
    },
    {
      name: 'db-knows-no-server',
      severity: 'error',
      from: { path: '^db/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(server|web|contract|sim|test)/' },
    },
    {
      name: 'web-knows-contract-only',
      severity: 'error',
      from: { path: '^web/src/' },
      to: { path: '^(server|db|sim|test)/' },
    },
    {
      name: 'slices-do-not-import-slices',
      severity: 'error',
      from: { path: `^server/(${slices})/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^server/(${slices})/`, pathNot: '^server/$1/' },
    },
    {
      name: 'kernel-knows-no-slice',
      severity: 'error',
      comment: 'only these compose the slices',
      from: {
        path: '^server/[^/]+\\.ts$',
        pathNot: ['^server/(slices|jobs|worker|up|cli|composer)\\.ts$', '\\.test\\.ts$'],
      },
      to: { path: `^server/(${slices})/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapters-only-in-context',
      severity: 'error',
      from: { path: '^server/', pathNot: ['^server/context\\.ts$', '^server/adapters/', '\\.test\\.ts$'] },
      to: { path: '^server/adapters/' },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^(core|contract|db|server|web/src)/', pathNot: '\\.test\\.tsx?$' },
      to: { path: ['^test/', '\\.test\\.tsx?$'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['web/dist'] },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
}
