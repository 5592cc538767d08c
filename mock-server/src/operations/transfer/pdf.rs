//! A PDF of one page with a few lines.

/// A PDF with these lines. Characters that are not printable ASCII become `?`.
pub(super) fn pdf(lines: &[String]) -> Vec<u8> {
    let shown = lines.iter().map(|line| format!("({}) Tj T*\n", escaped(line)));
    let content = format!("BT /F1 11 Tf 16 TL 56 780 Td\n{}ET\n", shown.collect::<String>());
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}endstream", content.len()),
    ];
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), String::new());
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, count) = (file.len(), objects.len() + 1);
    file += &format!(
        "xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    file.into_bytes()
}

fn escaped(line: &str) -> String {
    let mut text = String::new();
    for one in line.chars() {
        match one {
            '(' | ')' | '\\' => text.extend(['\\', one]),
            ' '..='~' => text.push(one),
            _ => text.push('?'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_where_the_table_says() {
        let file = String::from_utf8(pdf(&["a (b) \\ 转".into()])).unwrap();
        assert!(file.contains(r"(a \(b\) \\ ?) Tj"), "{file}");
        let (_, table) = file.split_once("65535 f \n").unwrap();
        let lines: Vec<_> = table.lines().take_while(|line| line.ends_with(" n ")).collect();
        assert_eq!(lines.len(), 5, "{table}");
        for (number, line) in (1..).zip(lines) {
            let at: usize = line[..10].parse().unwrap();
            assert!(file[at..].starts_with(&format!("{number} 0 obj\n")), "{line}");
        }
    }
}
