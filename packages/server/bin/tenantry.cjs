#!/usr/bin/env node
'use strict'
// In the repository the sources run as they are, on the Node that the repository brings; the published package runs its compiled files.
var fs = require('fs')
var path = require('path')
var url = require('url')

var source = path.join(__dirname, '..', 'src', 'cli', 'main.ts')

if (fs.existsSync(source)) {
  require('../../../scripts/launch.cjs')(source, process.argv.slice(2))
} else if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error('tenantry needs Node 24 or newer; this is ' + process.version + '.')
  process.exit(1)
} else {
  import(url.pathToFileURL(path.join(__dirname, '..', 'dist', 'cli', 'main.js')).href)
}
