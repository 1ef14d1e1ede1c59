// Compiles the sources so that each function tells the recorder of its call.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const { factory } = ts;

const nameOf = (node) => {
  if (ts.isConstructorDeclaration(node)) return `new ${node.parent.name?.text}`;
  const own = node.name?.text;
  if (own !== undefined) return ts.isClassLike(node.parent) ? `${node.parent.name?.text}.${own}` : own;
  const holder = node.parent;
  if (ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder) || ts.isPropertyDeclaration(holder)) {
    const owner = ts.isPropertyDeclaration(holder) ? `${holder.parent.name?.text}.` : '';
    return `${owner}${holder.name.text}`;
  }
  return undefined;
};

/** An anonymous function goes by the named one that it stands in. */
const nearestName = (node) => {
  for (let each = node; each !== undefined; each = each.parent) {
    const name = ts.isFunctionLike(each) ? nameOf(each) : undefined;
    if (name !== undefined) return name;
  }
  return 'module';
};

const isAsync = (node) => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;

const instrumentation = (file, register) => (context) => (source) => {
  const tell = (name, id, ...more) =>
    factory.createCallExpression(factory.createIdentifier(name), undefined, [
      factory.createNumericLiteral(id),
      ...more,
    ]);

  const wrapped = (node, id) => {
    const modifiers = isAsync(node) ? [factory.createModifier(ts.SyntaxKind.AsyncKeyword)] : undefined;
    const inner = factory.createArrowFunction(modifiers, undefined, [], undefined, undefined, node.body);
    const call = tell('__walk', id, inner);
    return ts.isBlock(node.body) ? factory.createBlock([factory.createReturnStatement(call)], true) : call;
  };

  const noted = (node, id) =>
    factory.createBlock([factory.createExpressionStatement(tell('__note', id)), ...node.body.statements], true);

  const withBody = (node, body) => {
    const { modifiers, name, parameters } = node;
    if (ts.isArrowFunction(node)) {
      return factory.updateArrowFunction(
        node,
        modifiers,
        undefined,
        parameters,
        undefined,
        node.equalsGreaterThanToken,
        body,
      );
    }
    if (ts.isMethodDeclaration(node)) {
      const { asteriskToken: star, questionToken } = node;
      return factory.updateMethodDeclaration(
        node,
        modifiers,
        star,
        name,
        questionToken,
        undefined,
        parameters,
        undefined,
        body,
      );
    }
    if (ts.isConstructorDeclaration(node))
      return factory.updateConstructorDeclaration(node, modifiers, parameters, body);
    if (ts.isFunctionDeclaration(node)) {
      return factory.updateFunctionDeclaration(
        node,
        modifiers,
        node.asteriskToken,
        name,
        undefined,
        parameters,
        undefined,
        body,
      );
    }
    return node;
  };

  const visit = (node) => {
    const label = ts.isFunctionLike(node) && node.body !== undefined ? nearestName(node) : undefined;
    const inside = ts.visitEachChild(node, visit, context);
    if (label === undefined || ts.isAccessor(node)) return inside;
    const id = register({ file, name: label });
    const isBare = ts.isConstructorDeclaration(node) || node.asteriskToken !== undefined;
    return withBody(inside, isBare ? noted(inside, id) : wrapped(inside, id));
  };
  return ts.visitEachChild(source, visit, context);
};

/** Compiles `folders` of `root` into `target`. @param register takes `{ file, name }` of a function, returns its index */
export const instrument = ({ root, folders, target, register }) => {
  const recorder = pathToFileURL(
    join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), 'recorder.mjs'),
  );
  const head = `import { walk as __walk, note as __note } from ${JSON.stringify(recorder.href)};\n`;
  for (const folder of folders) {
    for (const path of readdirSync(join(root, folder), { recursive: true })) {
      if (!path.endsWith('.ts')) continue;
      const file = join(folder, path);
      const { outputText } = ts.transpileModule(readFileSync(join(root, file), 'utf8'), {
        fileName: file,
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2022,
          rewriteRelativeImportExtensions: true,
          verbatimModuleSyntax: true,
        },
        transformers: { before: [instrumentation(file, register)] },
      });
      const output = join(target, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(output), { recursive: true });
      writeFileSync(output, head + outputText);
    }
  }
};
