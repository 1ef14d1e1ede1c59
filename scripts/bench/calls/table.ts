/** Prints rows as columns as they come, so that what was measured is there whatever happens later. */
export class Table {
  readonly #widths: readonly number[];

  constructor(columns: readonly string[]) {
    this.#widths = columns.map((column) => Math.max(column.length, 6));
    console.log();
    this.row(columns);
  }

  row(cells: readonly (string | number)[]): void {
    console.log(cells.map((cell, column) => String(cell).padStart(this.#widths[column] ?? 0)).join('  '));
  }
}
