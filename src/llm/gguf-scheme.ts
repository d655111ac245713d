/** What begins the address of a model file. */
export const GGUF = 'gguf:'
