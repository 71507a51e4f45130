export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (!element) throw new Error(`Cannot find the element '${id}' in the page`)
  return element
}

/** Makes an element; what is text stays text, whatever it holds. */
export function make(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.append(...children)
  return element
}
