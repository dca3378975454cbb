/* SPDX-License-Identifier: ISC */
/*
 * The script of an interpreter: what `node app.js` or `java -jar app.jar` runs
 * is app.js and app.jar, and not only node and java.
 */
#ifndef PROCESS_IMAGE_SCRIPT_H
#define PROCESS_IMAGE_SCRIPT_H

/*
 * The place in argv of the file that the program will run; 0 if the program is
 * no interpreter that is known here, or runs no file.  The file is only named,
 * not looked for.
 */
unsigned int image_script_find(char *const *argv);

#endif
