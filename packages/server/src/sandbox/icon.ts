/** The sandbox app's icon: a door that stands open. */
export const sandboxIcon = {
  type: 'image/svg+xml' as const,
  bytes: new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="16" fill="#e0a458"/>` +
      `<path d="M18 12h28v40H18z" fill="#fff6e9"/><path d="M18 12l17 7v40l-17-7z" fill="#8a4f1d"/>` +
      `<circle cx="30" cy="38" r="2" fill="#fff6e9"/></svg>`,
  ),
}
