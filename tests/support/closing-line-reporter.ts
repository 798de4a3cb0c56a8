import type { Reporter, TestModule } from 'vitest/node'

/** Ends the output with one plain line: how many tests passed and failed. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]) {
    const count = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') count[state] += 1
      }
    }
    const brokenFiles = modules.filter(module => module.errors().length > 0).length
    setImmediate(() =>
      console.log(`${count.passed} passed, ${count.failed + brokenFiles} failed, ${count.skipped} skipped`),
    )
  }
}
