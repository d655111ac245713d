type Child = Node | string | null

/** An element; texts become text nodes, never markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children.filter((child) => child !== null))
  return element
}

/** A button that does something. */
export function button(label: string, press: () => void, attributes: Readonly<Record<string, string>> = {}) {
  const element = make('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', press)
  return element
}

/** Unpacks a block of data. */
export async function unpack<T>(id: string): Promise<T> {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (character) => character.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return (await new Response(stream).json()) as T
}

/** The element of the page with an id, which is known to be there. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

/** A token with its activation as a shade and, on its right, as a level. */
export function tokenMark(text: string, share: number, nominal: boolean, hint: string): HTMLElement {
  const element = make(share > 0 ? 'mark' : 'span', {
    class: nominal ? 'token nominal' : 'token',
    title: hint,
  })
  element.append(make('bdi', {}, text))
  if (share > 0) element.style.setProperty('--share', share.toFixed(3))
  return element
}

/** Terms with their values. */
export function definitions(
  pairs: readonly (readonly [term: string, value: string, hint?: string])[],
): HTMLElement {
  const list = make('dl', { class: 'facts' })
  for (const [term, value, hint] of pairs)
    list.append(
      make(
        'div',
        {},
        make('dt', {}, term),
        make('dd', {}, value, hint === undefined ? null : make('small', {}, hint)),
      ),
    )
  return list
}

/** What is wider than the screen scrolls by itself, by keyboard too. */
export function scrolling(label: string, content: HTMLElement): HTMLElement {
  return make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, content)
}
