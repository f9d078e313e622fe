"""The program as a person or a shell calls it: exit status, one clear line, help, man page, completion."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SUYUAN = os.path.abspath(sys.argv.pop(1))


def run(*arguments, **more):
    return subprocess.run([SUYUAN, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **more)


def verbs():
    text = run('help').stdout.decode()
    return [line.split()[0] for line in text.splitlines() if re.match(r'  [a-z]+ {2,}', line)]


def options(verb):
    """Long names, with their letter and argument, as the help of the verb shows them."""
    found = re.findall(r'^  (?:-(\w), |    )--([a-z-]+)(?: (\S+))?', run('help', verb).stdout.decode(), re.M)
    return {name: (letter, argument) for letter, name, argument in found}


class TheProgram(unittest.TestCase):
    def assert_one_line(self, result, status):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, b'')
        self.assertEqual(result.stderr.count(b'\n'), 1, result.stderr)
        self.assertTrue(result.stderr.startswith(b'suyuan'), result.stderr)

    def test_without_a_verb_it_tells_them_all_and_fails(self):
        result = run()
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout, b'')
        self.assertEqual(result.stderr, run('help').stdout)

    def test_a_verb_that_does_not_exist_is_one_line_and_2(self):
        self.assert_one_line(run('frob'), 2)
        self.assert_one_line(run('help', 'frob'), 2)
        self.assert_one_line(run('--frob'), 2)

    def test_what_the_user_wrote_cannot_steer_the_terminal(self):
        result = run('a\033[2Jb\nc')
        self.assert_one_line(result, 2)
        self.assertNotIn(b'\033', result.stderr)

    def test_an_unknown_option_of_any_verb_is_one_line_and_2(self):
        for verb in verbs():
            with self.subTest(verb):
                result = run(verb, '--frob')
                self.assert_one_line(result, 2)
                self.assertIn(b'--frob', result.stderr)

    def test_an_option_without_its_value_is_one_line_and_2(self):
        for verb in verbs():
            for name, (letter, argument) in options(verb).items():
                if argument:
                    with self.subTest(verb=verb, option=name):
                        self.assert_one_line(run(verb, '--' + name), 2)
                        if letter:
                            self.assert_one_line(run(verb, '-' + letter), 2)

    def test_a_word_that_an_option_does_not_take_is_one_line_and_2(self):
        for verb in verbs():
            for name, (_, argument) in options(verb).items():
                if '|' in argument:
                    with self.subTest(verb=verb, option=name):
                        result = run(verb, '--' + name, 'frob')
                        self.assert_one_line(result, 2)
                        self.assertIn(argument.encode(), result.stderr)

    def test_every_verb_tells_its_help_on_standard_output(self):
        self.assertIn('help', verbs())
        for verb in verbs():
            with self.subTest(verb):
                told = run('help', verb)
                self.assertEqual((told.returncode, told.stderr), (0, b''))
                self.assertIn(verb.encode(), told.stdout)
                self.assertEqual(run(verb, '--help').stdout, told.stdout)
                self.assertLessEqual(max(map(len, told.stdout.decode().splitlines())), 100)

    def test_the_version_is_one_line(self):
        result = run('--version')
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, rb'^suyuan \d+\.\d+\.\d+\n$')

    def test_a_full_disk_is_told(self):
        if not os.path.exists('/dev/full'):
            self.skipTest('no /dev/full')
        with open('/dev/full', 'wb') as full:
            result = subprocess.run([SUYUAN, 'help'], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b'standard output', result.stderr)

    def test_a_scene_to_fill_in_is_written_in_both_languages(self):
        scenes = [run('scene', '--lang', word).stdout.decode() for word in ('zh', 'en')]
        self.assertEqual(scenes[1], run('scene').stdout.decode())
        self.assertRegex(scenes[0], '[\u4e00-\u9fff]')
        for scene in scenes:
            keys = [line.split(':')[0] for line in scene.splitlines() if re.match(r'[a-z_]+:', line)]
            self.assertEqual(keys, ['customer', 'time_zone', 'network', 'team', 'hosts', 'claims'])

    def test_a_reader_that_leaves_gets_no_complaint(self):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, 'wb') as out:
            result = subprocess.run([SUYUAN, 'help'], stdout=out, stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (1, b''))

    def test_the_man_page_names_every_verb_and_option(self):
        page = run('help', '--man').stdout.decode()
        self.assertTrue(page.startswith('.TH SUYUAN 1'))
        for verb in verbs():
            self.assertIn('.SS %s \\- ' % verb, page)
            for name in options(verb):
                self.assertIn('\\fB\\-\\-%s\\fR' % name.replace('-', '\\-'), page)
        if shutil.which('man'):
            checked = subprocess.run(['man', '--warnings', '-Tutf8', '-l', '-'], input=page.encode(), capture_output=True)
            self.assertEqual(checked.stderr, b'')

    def complete(self, *words):
        """What bash offers for the last of these words."""
        script = run('help', '--completion', 'bash').stdout.decode()
        script += '\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _suyuan; printf "%s\\n" "${COMPREPLY[@]}"\n'
        got = subprocess.run(['bash', '--norc', '-c', script, 'bash', *words], capture_output=True, text=True, check=True)
        self.assertEqual(got.stderr, '')
        return got.stdout.split()

    def test_bash_completes_verbs_options_and_words(self):
        if not shutil.which('bash'):
            self.skipTest('no bash')
        self.assertEqual(set(self.complete('suyuan', '')), set(verbs()) | {'--help', '--version'})
        self.assertEqual(self.complete('suyuan', 'hel'), ['help'])
        for verb in verbs():
            with self.subTest(verb):
                self.assertEqual(set(self.complete('suyuan', verb, '--')), {'--' + o for o in options(verb)} | {'--help'})
                for name, (_, argument) in options(verb).items():
                    if '|' in argument:
                        self.assertEqual(self.complete('suyuan', verb, '--' + name, ''), argument.split('|'))
        self.assertEqual(set(self.complete('suyuan', 'help', '')) - {'--help'} , set(verbs()) | {'--man', '--completion'})

    def test_zsh_completion_names_every_option(self):
        script = run('help', '--completion', 'zsh').stdout.decode()
        self.assertTrue(script.startswith('#compdef suyuan\n'))
        for verb in verbs():
            for name in options(verb):
                self.assertIn("'*--%s[" % name, script)
        if shutil.which('zsh'):
            with tempfile.NamedTemporaryFile('w', suffix='.zsh') as file:
                file.write(script)
                file.flush()
                checked = subprocess.run(['zsh', '-n', file.name], capture_output=True)
                self.assertEqual((checked.returncode, checked.stderr), (0, b''))


if __name__ == '__main__':
    unittest.main()
