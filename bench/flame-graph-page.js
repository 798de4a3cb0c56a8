import flamegraph from 'd3-flame-graph'
import { select } from 'd3-selection'

// Runs in the browser's page, bundled by flame-graph.ts. JavaScript, since d3-flame-graph has no types.
const WIDTH = 1200

/** Draws into the page's figure: the calls, as wide as the time they took, and a legend. */
globalThis.drawFlameGraph = ({ root, title, colours }) => {
  const chart = flamegraph()
    .width(WIDTH)
    .sort((a, b) => b.data.value - a.data.value)
    .transitionDuration(0)
    .title(title)
    .setColorMapper(({ data }) => colours[data.kind])
  const figure = select('figure').style('margin', '0').style('width', `${WIDTH}px`)
  figure.append('div').datum(root).call(chart)
  const legend = figure.append('figcaption').style('padding', '8px 4px')
  for (const [kind, colour] of Object.entries(colours)) {
    legend
      .append('span')
      .style('background', colour)
      .style('padding', '2px 12px')
      .style('margin-right', '8px')
      .text(kind)
  }
}
