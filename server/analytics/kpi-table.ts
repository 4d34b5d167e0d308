import { kpiDefinitions } from './kpis.ts'

/** The table of figures as docs/analytics.md prints it; a test keeps the two the same. */
export function kpiTable(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|')
  return [
    '| id | figure | unit | better | what is counted | how |',
    '| -- | ------ | ---- | ------ | --------------- | --- |',
    ...kpiDefinitions.map(
      (k) =>
        `| \`${k.id}\` | ${cell(k.label)} | ${k.unit} | ${k.better} | ${cell(k.definition)} | \`${cell(k.sql)}\` |`,
    ),
  ].join('\n')
}
