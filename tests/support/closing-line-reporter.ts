import type { Reporter, TestModule } from 'vitest/node'

/** Ends the output with one plain line: how many tests passed and failed. In CI, it names those that were skipped first. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]) {
    const skipped: string[] = []
    const count = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') count[state] += 1
        if (state === 'skipped')
          skipped.push(`skipped: ${module.relativeModuleId} (${module.project.name}): ${test.name}`)
      }
    }
    const brokenFiles = modules.filter(module => module.errors().length > 0).length
    const closing = `${count.passed} passed, ${count.failed + brokenFiles} failed, ${count.skipped} skipped`
    setImmediate(() => console.log([...(process.env.CI ? skipped : []), closing].join('\n')))
  }
}
