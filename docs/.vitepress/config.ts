import { defineConfig } from 'vitepress'

const connectReference = ['stores', 'providers', 'moving'].map(name => ({
  text: { stores: 'Stores', providers: 'Other providers', moving: 'Moving an app to the kit' }[name]!,
  link: `/connect/${name}`,
}))

export default defineConfig({
  title: 'Tenantry',
  description: 'Identity for software whose users belong to more than one company',
  outDir: '../dist/docs',
  cacheDir: '../node_modules/.cache/vitepress',
  cleanUrls: true,
  lastUpdated: false,
  // The same files are read in the repository, where a folder's page is its README.
  rewrites: { ':folder/README.md': ':folder/index.md', 'connect/reference/README.md': 'connect/reference/modules.md' },
  // The sandbox is only there while it runs. Links out of docs/ lead to files of the repository.
  ignoreDeadLinks: [
    /^https?:\/\/localhost/,
    /^(\.\/)?\.\.\/\.\.\//,
    /^(\.\/)?\.\.\/(packages|deploy|examples|README|CONTRIBUTING|SECURITY|CHANGELOG|LICENSE)/,
    /^\.\/tables\//,
  ],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'For platforms', link: '/platforms' },
      { text: 'For app developers', link: '/apps' },
      { text: 'Operate', link: '/operations/' },
      { text: 'Your name and look', link: '/operations/brand' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: [
      { text: 'Start', items: [{ text: 'Five minutes', link: '/start' }] },
      {
        text: 'For platforms',
        items: [
          { text: 'Adopt Tenantry', link: '/platforms' },
          { text: 'In a server of your own', link: '/library' },
          { text: 'Admin API', link: '/admin-api' },
          { text: 'Beside what you have', link: '/beside-what-you-have' },
          { text: 'Your own sign-in page', link: '/external-login' },
          { text: 'Passwords', link: '/passwords' },
          { text: 'Your own APIs', link: '/resource-servers' },
          { text: 'Agents', link: '/agents' },
          { text: 'App policies', link: '/app-policies' },
          { text: 'Apps for a whole company', link: '/company-installations' },
          { text: 'Mail and invitations', link: '/mail' },
          { text: 'Console', link: '/console' },
          { text: 'Audit log', link: '/audit' },
        ],
      },
      {
        text: 'For app developers',
        items: [
          { text: 'The protocol', link: '/apps' },
          { text: 'OpenID Connect', link: '/openid' },
          { text: '@tenantry/connect', link: '/connect/' },
          ...connectReference,
        ],
      },
      {
        text: 'Operate',
        items: [
          { text: 'Install and configure', link: '/operations/' },
          { text: 'Workers and nodes', link: '/operations/scaling' },
          { text: 'A hundred million users', link: '/operations/internet-scale' },
          { text: 'When something fails', link: '/operations/failures' },
          { text: 'Containers, systemd, Kubernetes', link: '/operations/containers' },
          { text: 'Metrics', link: '/operations/metrics' },
          { text: 'Traces', link: '/operations/tracing' },
          { text: 'Rate limits', link: '/operations/rate-limits' },
          { text: 'Upgrading', link: '/operations/upgrading' },
          { text: 'Backing up', link: '/operations/backing-up' },
          { text: 'Moving to another database', link: '/operations/moving' },
          { text: 'Citus', link: '/operations/citus' },
          { text: 'Performance', link: '/performance' },
          { text: 'Troubleshooting', link: '/troubleshooting' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'Overview', link: '/reference/' },
          { text: 'Commands', link: '/reference/commands' },
          { text: 'Configuration', link: '/reference/configuration' },
          { text: 'HTTP endpoints', link: '/reference/http' },
          { text: 'Errors', link: '/reference/errors' },
          { text: 'API of @tenantry/connect', link: '/connect/reference/modules' },
        ],
      },
      {
        text: 'Security',
        items: [
          { text: 'Promises and limits', link: '/security/' },
          { text: 'OAuth checklist', link: '/security/oauth-checklist' },
        ],
      },
      {
        text: 'Contributing',
        items: [
          { text: 'Contributing', link: '/contributing' },
          { text: 'Architecture', link: '/architecture' },
          { text: 'Dependencies', link: '/dependencies' },
          { text: 'Decisions', link: '/decisions/' },
        ],
      },
    ],
  },
})
