import type { Plot } from './benchmark.ts'

const [BARS, ROW, TOP] = [490, 26, 48]
/** About what a letter takes. */
const LETTER = 6.2

/** Bars with the spread of their rounds, as SVG that reads on light and on dark pages. */
export function drawPlot({ title, unit, bars }: Plot): string {
  const largest = Math.max(...bars.map(({ value, spread }) => Math.max(value, spread?.[1] ?? 0)))
  const scale = (BARS - 90) / largest
  const start = Math.ceil(Math.max(...bars.map(({ name }) => name.length)) * LETTER) + 16
  const x = (value: number) => (start + value * scale).toFixed(1)
  const rows = bars.map(({ name, value, spread }, index) => {
    const y = TOP + index * ROW
    const end = start + value * scale
    const whisker = spread
      ? `<path d="M${x(spread[0])} ${y + 8}H${x(spread[1])}" stroke="#d97706" stroke-width="2"/>`
      : ''
    return `<text x="${start - 8}" y="${y + 12}" text-anchor="end">${escaped(name)}</text>
<rect x="${start}" y="${y}" width="${Math.max(1, end - start).toFixed(1)}" height="16" rx="2" fill="#2563eb"/>${whisker}
<text x="${Math.max(end, spread ? start + spread[1] * scale : 0) + 6}" y="${y + 12}">${value.toLocaleString('en', { maximumFractionDigits: 2 })}</text>`
  })
  const height = TOP + bars.length * ROW + 10
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${start + BARS} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#808080" role="img" aria-label="${escaped(title)}">
<text x="8" y="20" font-size="15" font-weight="600">${escaped(title)}</text>
<text x="8" y="36">${escaped(unit)}, medians; the line is the spread of the rounds</text>
${rows.join('\n')}
</svg>
`
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
