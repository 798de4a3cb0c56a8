'use strict'
// Compiles a package's sources into dist/, which is what is published: Node does not strip types under node_modules.
var childProcess = require('child_process')
var fs = require('fs')
var path = require('path')

var folder = process.cwd()
fs.rmSync(path.join(folder, 'dist'), { recursive: true, force: true })
var compiler = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
var run = childProcess.spawnSync(process.execPath, [compiler, '-p', path.join(folder, 'tsconfig.build.json')], { stdio: 'inherit' })
if (run.status !== 0) process.exit(run.status === null ? 1 : run.status)

// Files of development dependencies that the package brings along, by where they go in dist/.
var copied = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).copiedAtBuild || {}
Object.keys(copied).forEach(function (target) {
  var to = path.join(folder, 'dist', target)
  fs.mkdirSync(path.dirname(to), { recursive: true })
  fs.copyFileSync(require.resolve(copied[target]), to)
})
