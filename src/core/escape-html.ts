const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text that an HTML page shows as it is, between tags and in quoted attributes.
 * @example
 * escapeForHtml('</title>') // '&lt;/title&gt;'
 */
export function escapeForHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => NAMED[character]!)
}
