/** Runs in the browser: says of redirect URIs whether they can be registered while they are typed. The form works without it. */
export const checkUrisScript = `
const button = document.querySelector('button[name=check]')
const field = document.querySelector('textarea[name=redirect_uris]')
const list = document.getElementById('checks')
let timer
let asking

function line({ uri, isGood, text }) {
  const item = document.createElement('li')
  item.className = isGood ? 'good' : 'wrong'
  const address = document.createElement('bdi')
  address.textContent = uri
  item.append(address, ' ' + text)
  return item
}

async function check() {
  asking?.abort()
  asking = new AbortController()
  const { value: token } = field.form.elements.namedItem('form_token')
  const body = new URLSearchParams({ form_token: token, redirect_uris: field.value, check: 'yes' })
  const headers = { Accept: 'application/json' }
  try {
    const response = await fetch(field.form.action, { method: 'POST', body, headers, signal: asking.signal })
    if (response.ok) list.replaceChildren(...(await response.json()).checks.map(line))
  } catch {
    // Broken off by the next one, or signed out: saving says so.
  }
}

button.hidden = true
field.addEventListener('input', () => {
  clearTimeout(timer)
  timer = setTimeout(check, 300)
})
`.trimStart()
